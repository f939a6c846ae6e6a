-- Who may ask: users and their tokens.
--
-- Users are marked deleted and never removed, so that the record keeps a name for everyone who ever asked; a deleted
-- user's name is free again, hence the partial unique index. Of a token only the SHA-256 of its secret is kept.

CREATE TABLE users (
    id            uuid        NOT NULL,
    username      text        NOT NULL,
    name          text        NOT NULL DEFAULT '',
    email         text,
    avatar_url    text        NOT NULL DEFAULT '',
    role          text        NOT NULL DEFAULT 'member',
    status        text        NOT NULL DEFAULT 'active',
    password_hash text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_check CHECK (username ~ '^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$'),
    CONSTRAINT users_role_check CHECK (role IN ('owner', 'auditor', 'member')),
    CONSTRAINT users_status_check CHECK (status IN ('active', 'suspended', 'deleted'))
);

CREATE UNIQUE INDEX users_live_username ON users (username) WHERE status <> 'deleted';

CREATE TABLE api_tokens (
    id               text        NOT NULL,
    user_id          uuid        NOT NULL,
    name             text        NOT NULL DEFAULT '',
    secret_sha256    bytea       NOT NULL,
    scopes           text[]      NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz,
    revoked_at       timestamptz,
    last_used_at     timestamptz,
    last_used_client text,
    CONSTRAINT api_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT api_tokens_secret_sha256_check CHECK (octet_length(secret_sha256) = 32),
    CONSTRAINT api_tokens_scopes_check CHECK (scopes <@ ARRAY['gateway', 'api'] AND cardinality(scopes) > 0)
);

CREATE INDEX api_tokens_user_id ON api_tokens (user_id);
