-- Sign-ins to the pages. Three new tables, nothing else is touched: an older version does not see them.

-- A browser that is signed in. Of its cookie only the SHA-256.
CREATE TABLE sign_ins (
    id            uuid        NOT NULL,
    secret_sha256 bytea       NOT NULL,
    user_id       uuid        NOT NULL,
    user_agent    text        NOT NULL DEFAULT '',
    address       text        NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    CONSTRAINT sign_ins_pkey PRIMARY KEY (id),
    CONSTRAINT sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT sign_ins_secret_sha256_check CHECK (octet_length(secret_sha256) = 32)
);
CREATE UNIQUE INDEX sign_ins_secret ON sign_ins (secret_sha256);
CREATE INDEX sign_ins_user_id ON sign_ins (user_id);

-- Links that sign in without a password: the demo's, and the one that makes the first owner.
CREATE TABLE sign_in_links (
    secret_sha256 bytea       NOT NULL,
    user_id       uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    CONSTRAINT sign_in_links_pkey PRIMARY KEY (secret_sha256),
    CONSTRAINT sign_in_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT sign_in_links_secret_sha256_check CHECK (octet_length(secret_sha256) = 32)
);

-- Tries to sign in, by name and by address, for all replicas together.
CREATE TABLE sign_in_tries (
    subject text        NOT NULL,
    tries   integer     NOT NULL,
    since   timestamptz NOT NULL,
    CONSTRAINT sign_in_tries_pkey PRIMARY KEY (subject)
);
