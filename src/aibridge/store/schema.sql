-- The whole schema, to read. What makes it are the migrations; a test proves that both give the same.

-- What has been applied to this database (made by migrate.py).
CREATE TABLE aibridge_migrations (
    name       text        NOT NULL,
    sha256     bytea       NOT NULL, -- of the file
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT aibridge_migrations_pkey PRIMARY KEY (name)
);

-- Who may ask. Marked deleted, never removed: the record keeps a name for everyone who ever asked.
CREATE TABLE users (
    id            uuid        NOT NULL,
    username      text        NOT NULL,  -- a name of the living: unique among users that are not deleted
    name          text        NOT NULL DEFAULT '',
    email         text,
    avatar_url    text        NOT NULL DEFAULT '',
    role          text        NOT NULL DEFAULT 'member',
    status        text        NOT NULL DEFAULT 'active',
    password_hash text,  -- argon2; NULL: signs in with a token only
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_username_check CHECK (username ~ '^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$'),
    CONSTRAINT users_role_check CHECK (role IN ('owner', 'auditor', 'member')),
    CONSTRAINT users_status_check CHECK (status IN ('active', 'suspended', 'deleted'))
);

CREATE UNIQUE INDEX users_live_username ON users (username) WHERE status <> 'deleted';

-- Their tokens; of the secret only its SHA-256.
CREATE TABLE api_tokens (
    id               text        NOT NULL,  -- the public part of `aib_<id>_<secret>`
    user_id          uuid        NOT NULL,
    name             text        NOT NULL DEFAULT '',
    secret_sha256    bytea       NOT NULL,
    scopes           text[]      NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz,  -- NULL: never
    revoked_at       timestamptz,
    last_used_at     timestamptz,
    last_used_client text,
    CONSTRAINT api_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT api_tokens_secret_sha256_check CHECK (octet_length(secret_sha256) = 32),
    CONSTRAINT api_tokens_scopes_check CHECK (scopes <@ ARRAY['gateway', 'api'] AND cardinality(scopes) > 0)
);

CREATE INDEX api_tokens_user_id ON api_tokens (user_id);

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

-- Worker processes, one row per start.
CREATE TABLE aibridge_gateways (
    id           uuid        NOT NULL,
    hostname     text        NOT NULL,
    pid          integer     NOT NULL,
    version      text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),  -- the database's clock, every 10 s; silent for 60 s means dead
    retired_at   timestamptz,  -- ended in good order
    CONSTRAINT aibridge_gateways_pkey PRIMARY KEY (id)
);

-- One row per intercepted request: begun before the answer is revealed, ended before its last byte is.
CREATE TABLE aibridge_interceptions (
    id                       uuid        NOT NULL,  -- UUIDv7, made by the gateway
    initiator_id             uuid        NOT NULL,
    gateway_id               uuid        NOT NULL,  -- the worker process that carries it; soft
    thread_parent_id         uuid,  -- the one whose tool call this one answers; soft
    thread_root_id           uuid,  -- NULL on the root itself; soft
    started_at               timestamptz NOT NULL,
    ended_at                 timestamptz,  -- NULL: in flight, and shown nowhere
    time_to_first_byte_us    bigint,  -- microseconds, from the request's arrival to the provider's first body byte
    status_code              integer,  -- what the client received; NULL: nothing
    streaming                boolean     NOT NULL,
    side_request             boolean     NOT NULL,  -- a client's own chore: counted, never a thread
    partial                  boolean     NOT NULL DEFAULT false,  -- known to be incomplete
    unread                   boolean     NOT NULL,  -- nothing could be read from the body or the answer
    outcome                  text,
    error_type               text,
    error_message            text,  -- at most 1024 bytes, credentials redacted
    provider                 text        NOT NULL,  -- the wire format
    provider_name            text        NOT NULL,  -- the configured instance
    endpoint                 text        NOT NULL,
    model                    text        NOT NULL,  -- as requested
    response_model           text        NOT NULL DEFAULT '',  -- as the provider says it answered
    provider_response_id     text        NOT NULL DEFAULT '',
    client                   text        NOT NULL,
    client_session_id        text,  -- what the client itself calls its session
    session_id               text        COLLATE "C" NOT NULL GENERATED ALWAYS AS
                                         (coalesce(client_session_id, thread_root_id::text, id::text)) STORED,
    correlating_tool_call_id text,  -- the tool call whose result the request carries
    agent_id                 text,
    parent_agent_id          text,
    api_token_id             text        NOT NULL,
    credential_kind          text        NOT NULL,
    credential_type          text        NOT NULL,
    credential_hint          text        NOT NULL,  -- masked: `sk-a...efgh`
    body_sha256_received     bytea,
    body_sha256_sent         bytea,
    mutations                text[]      NOT NULL,  -- named changes to the body; empty: the provider got the client's bytes
    notes                    text[]      NOT NULL,  -- what went wrong while reading or storing
    metadata                 jsonb       NOT NULL,
    combination              bigint      NOT NULL GENERATED ALWAYS AS (  -- what filters ask for, as one hash
        hashtextextended(
            provider || E'\x1f' || provider_name || E'\x1f' || model || E'\x1f' || client || E'\x1f'
                || coalesce(outcome, '') || E'\x1f' || coalesce(error_type, '') || E'\x1f'
                || credential_kind || E'\x1f' || credential_type,
            0
        )
    ) STORED,
    not_captured             text[]      NOT NULL DEFAULT '{}',  -- what of its texts the settings left out, sorted
    CONSTRAINT aibridge_interceptions_pkey PRIMARY KEY (id, initiator_id),
    CONSTRAINT aibridge_interceptions_initiator_id_fkey FOREIGN KEY (initiator_id) REFERENCES users (id),
    CONSTRAINT aibridge_interceptions_ended_check CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT aibridge_interceptions_outcome_check CHECK
        (outcome IN ('completed', 'failed', 'cancelled', 'truncated', 'interrupted')),
    CONSTRAINT aibridge_interceptions_error_type_check CHECK
        (error_type IN ('bad_request', 'unauthorized', 'rate_limited', 'overloaded', 'server_error', 'timeout', 'unknown')),
    CONSTRAINT aibridge_interceptions_provider_check CHECK (provider IN ('anthropic', 'openai', 'copilot')),
    CONSTRAINT aibridge_interceptions_credential_kind_check CHECK (credential_kind IN ('centralized', 'byok')),
    CONSTRAINT aibridge_interceptions_credential_type_check CHECK (credential_type IN ('api_key', 'subscription')),
    CONSTRAINT aibridge_interceptions_client_session_id_check CHECK (char_length(client_session_id) <= 256)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- The request log, of everyone.
CREATE INDEX aibridge_interceptions_newest ON aibridge_interceptions (started_at DESC, id DESC) INCLUDE (combination)
    WHERE ended_at IS NOT NULL;
-- The request log of one person.
CREATE INDEX aibridge_interceptions_by_initiator ON aibridge_interceptions (initiator_id, started_at DESC, id DESC)
    INCLUDE (combination) WHERE ended_at IS NOT NULL;
-- The request log under a filter that matches little.
CREATE INDEX aibridge_interceptions_combination ON aibridge_interceptions (combination, started_at DESC, id DESC)
    WHERE ended_at IS NOT NULL;
-- The rows of a session; narrow, so that equal keys collapse into one entry.
CREATE INDEX aibridge_interceptions_session ON aibridge_interceptions (session_id, initiator_id)
    WHERE ended_at IS NOT NULL;
-- What a dead gateway left open.
CREATE INDEX aibridge_interceptions_open ON aibridge_interceptions (gateway_id)
    WHERE ended_at IS NULL;
-- Whose is a stored response?
CREATE INDEX aibridge_interceptions_response ON aibridge_interceptions (provider_response_id, initiator_id)
    WHERE provider = 'openai' AND endpoint LIKE '/v1/responses%' AND ended_at IS NOT NULL;
-- What ended in this hour? Rows end about in the order in which they lie on disk.
CREATE INDEX aibridge_interceptions_ended ON aibridge_interceptions USING brin (ended_at) WITH (autosummarize = on);

-- What the person asked; durable with the begin.
CREATE TABLE aibridge_user_prompts (
    interception_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    initiator_id    uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    prompt          text        NOT NULL,
    metadata        jsonb       NOT NULL,
    CONSTRAINT aibridge_user_prompts_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_user_prompts_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

-- What an answer cost in tokens, one row per provider response.
CREATE TABLE aibridge_token_usages (
    interception_id          uuid        NOT NULL,
    id                       uuid        NOT NULL,
    initiator_id             uuid        NOT NULL,
    created_at               timestamptz NOT NULL,
    input_tokens             bigint,  -- excludes cache reads and writes; NULL is unknown, zero is zero
    output_tokens            bigint,
    cache_read_input_tokens  bigint,
    cache_write_input_tokens bigint,
    partial                  boolean     NOT NULL,  -- the final figures never came
    provider_response_id     text        NOT NULL,
    metadata                 jsonb       NOT NULL,
    cost_micros              bigint,  -- micro-dollars; NULL: unpriced
    cost_lower_bound         boolean     NOT NULL DEFAULT false,  -- it cost at least this
    input_price_micros          bigint,  -- micro-dollars for a million tokens, as they were used; NULL costs nothing
    output_price_micros         bigint,
    cache_read_price_micros     bigint,
    cache_write_price_micros    bigint,
    cache_write_1h_price_micros bigint,  -- NULL: as cache_write
    price_source             text,  -- `own`, or the shipped list by name and version; NULL: no price was known
    price_listed_as          text,
    price_since              timestamptz,  -- NULL: nothing earlier was known
    CONSTRAINT aibridge_token_usages_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_token_usages_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE,
    CONSTRAINT aibridge_token_usages_tokens_check CHECK
        (input_tokens >= 0 AND output_tokens >= 0 AND cache_read_input_tokens >= 0 AND cache_write_input_tokens >= 0),
    CONSTRAINT aibridge_token_usages_cost_check CHECK (cost_micros >= 0)
);

-- What has no price?
CREATE INDEX aibridge_token_usages_unpriced ON aibridge_token_usages (initiator_id, interception_id)
    WHERE cost_micros IS NULL;

-- What the model chose to do.
CREATE TABLE aibridge_tool_usages (
    interception_id       uuid        NOT NULL,
    id                    uuid        NOT NULL,
    initiator_id          uuid        NOT NULL,
    created_at            timestamptz NOT NULL,
    injected              boolean     NOT NULL,  -- by the gateway, not by the client
    tool                  text        NOT NULL,
    input                 text        NOT NULL,
    provider_tool_call_id text,  -- NULL for hosted tools, whose results never come through a client
    provider_item_id      text,  -- the output item of the Responses API
    provider_response_id  text        NOT NULL,
    server_url            text,
    invocation_error      text,  -- injected tools only
    metadata              jsonb       NOT NULL,
    CONSTRAINT aibridge_tool_usages_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_tool_usages_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

-- Whose tool call is it?
CREATE INDEX aibridge_tool_usages_lineage ON aibridge_tool_usages (initiator_id, provider_tool_call_id, created_at)
    WHERE provider_tool_call_id IS NOT NULL;
-- Who called this tool?
CREATE INDEX aibridge_tool_usages_tool ON aibridge_tool_usages (tool, initiator_id, interception_id);

-- Why it chose so, in its own words.
CREATE TABLE aibridge_model_thoughts (
    interception_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    initiator_id    uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    source          text        NOT NULL,  -- thinking, reasoning, reasoning_summary, commentary
    content         text        NOT NULL,
    metadata        jsonb       NOT NULL,
    CONSTRAINT aibridge_model_thoughts_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_model_thoughts_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

-- What it answered, where that is kept.
CREATE TABLE aibridge_model_answers (
    interception_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    initiator_id    uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    content         text        NOT NULL,
    metadata        jsonb       NOT NULL,
    CONSTRAINT aibridge_model_answers_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_model_answers_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

-- What its client sent back for tool calls, where that is kept: with the request that brought it. Durable with the begin.
CREATE TABLE aibridge_tool_results (
    interception_id       uuid        NOT NULL,
    id                    uuid        NOT NULL,
    initiator_id          uuid        NOT NULL,
    created_at            timestamptz NOT NULL,
    provider_tool_call_id text        NOT NULL,  -- of a call that an earlier interception recorded; soft
    content               text        NOT NULL,
    is_error              boolean,  -- NULL: not said
    metadata              jsonb       NOT NULL,
    CONSTRAINT aibridge_tool_results_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_tool_results_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

-- What each combination of ended interceptions stands for. Two that share a hash share an id: a filter then finds both.
CREATE TABLE aibridge_combinations (
    id              bigint NOT NULL,  -- aibridge_interceptions.combination
    provider        text   NOT NULL,
    provider_name   text   COLLATE "C" NOT NULL,
    model           text   COLLATE "C" NOT NULL,
    client          text   COLLATE "C" NOT NULL,
    outcome         text   NOT NULL,
    error_type      text   NOT NULL,  -- empty: none
    credential_kind text   NOT NULL,
    credential_type text   NOT NULL,
    CONSTRAINT aibridge_combinations_pkey PRIMARY KEY (id, model, client)
);

-- Menus: what begins with these letters?
CREATE INDEX aibridge_combinations_model ON aibridge_combinations (model);
CREATE INDEX aibridge_combinations_client ON aibridge_combinations (client);
CREATE INDEX aibridge_combinations_provider_name ON aibridge_combinations (provider_name);

-- The members of each set of combinations that some session has had. Never removed: a writer may just have seen it.
CREATE TABLE aibridge_combination_sets (
    id          bigint NOT NULL,  -- aibridge_sessions.combination_set
    combination bigint NOT NULL,
    CONSTRAINT aibridge_combination_sets_pkey PRIMARY KEY (combination, id)
);

CREATE INDEX aibridge_combination_sets_id ON aibridge_combination_sets (id);

-- The members of each set of tools that some session or interception has called.
CREATE TABLE aibridge_tool_sets (
    id   bigint NOT NULL,  -- aibridge_sessions.tool_set, aibridge_interception_counts.tool_set
    tool text   NOT NULL,
    CONSTRAINT aibridge_tool_sets_pkey PRIMARY KEY (tool, id)
);

CREATE INDEX aibridge_tool_sets_id ON aibridge_tool_sets (id);

-- How many interceptions have ended: the exact totals of the request log. A row per worker, so that workers never wait for
-- each other here.
CREATE TABLE aibridge_interception_counts (
    tool_set      bigint NOT NULL,  -- those that called exactly these tools; 0: all
    day           date   NOT NULL,  -- of started_at, in UTC; -infinity: all
    combination   bigint NOT NULL,
    gateway_id    uuid   NOT NULL,
    interceptions bigint NOT NULL,
    CONSTRAINT aibridge_interception_counts_pkey PRIMARY KEY (tool_set, day, combination, gateway_id)
) WITH (fillfactor = 70);

-- Roll-up per session: what a page of sessions shows, kept by the transaction that ends an interception.
CREATE TABLE aibridge_sessions (
    session_id                   text        COLLATE "C" NOT NULL,
    initiator_id                 uuid        NOT NULL,
    first_interception_id        uuid        NOT NULL,  -- the earliest by (started_at, id): its client and metadata speak for the session
    started_at                   timestamptz NOT NULL,
    last_started_at              timestamptz NOT NULL,
    ended_at                     timestamptz NOT NULL,
    interceptions                bigint      NOT NULL,
    threads                      bigint      NOT NULL,  -- roots that are no side requests
    tool_calls                   bigint      NOT NULL,
    failures                     bigint      NOT NULL,  -- failed, truncated or interrupted
    input_tokens                 numeric     NOT NULL,  -- numeric: no sum of 63-bit counts may refuse a neighbour
    output_tokens                numeric     NOT NULL,
    cache_read_input_tokens      numeric     NOT NULL,
    cache_write_input_tokens     numeric     NOT NULL,
    first_prompt_at              timestamptz,
    first_prompt_interception_id uuid,
    last_prompt_at               timestamptz,
    last_prompt_interception_id  uuid,
    last_active_at               timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(last_prompt_at, started_at)) STORED,
    last_prompt                  text,  -- cut at 500 characters
    first_prompt                 text,  -- cut at 500 characters
    combinations                 bigint[]    NOT NULL DEFAULT '{}',  -- sorted
    tools                        text[]      NOT NULL DEFAULT '{}',  -- sorted
    combination_set              bigint      NOT NULL GENERATED ALWAYS AS (  -- 0: too many to be put on record as a set
        CASE WHEN cardinality(combinations) <= 100 THEN hash_array_extended(combinations, 0) ELSE 0 END
    ) STORED,
    tool_set                     bigint      NOT NULL GENERATED ALWAYS AS (
        CASE WHEN cardinality(tools) <= 100 THEN hash_array_extended(tools, 0) ELSE 0 END
    ) STORED,
    last_started_hour            timestamptz NOT NULL GENERATED ALWAYS AS (  -- indexed in place of last_started_at, which
        date_bin(INTERVAL '1 hour', last_started_at, TIMESTAMPTZ '2000-01-01 00:00:00+00')  -- every request changes
    ) STORED,
    cost_micros                  numeric     NOT NULL DEFAULT 0,  -- micro-dollars, of what has a price
    unpriced                     bigint      NOT NULL DEFAULT 0,  -- interceptions with token usage that has none
    CONSTRAINT aibridge_sessions_pkey PRIMARY KEY (session_id, initiator_id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- The list of sessions, and by the columns beside its key the total under any filter: nothing else has to be read.
CREATE INDEX aibridge_sessions_last_active ON aibridge_sessions (last_active_at DESC, session_id DESC, initiator_id DESC)
    INCLUDE (combination_set, tool_set, started_at, last_started_hour);
-- The same of one person.
CREATE INDEX aibridge_sessions_by_initiator ON aibridge_sessions (initiator_id, last_active_at DESC, session_id DESC)
    INCLUDE (combination_set, tool_set, started_at, last_started_hour);

-- When each combination of a session was in use.
CREATE TABLE aibridge_session_facets (
    session_id       text        COLLATE "C" NOT NULL,
    initiator_id     uuid        NOT NULL,
    combination      bigint      NOT NULL,
    first_started_at timestamptz NOT NULL,
    last_started_at  timestamptz NOT NULL,
    CONSTRAINT aibridge_session_facets_pkey PRIMARY KEY (session_id, initiator_id, combination)
) WITH (fillfactor = 60);

-- Usage, as books are kept: the journal. Whatever ends an interception enters it here, unlocked; posting empties it.
CREATE TABLE aibridge_usage_entries (
    hour                     timestamptz NOT NULL,  -- in which it began
    tool                     text        COLLATE "C" NOT NULL,  -- empty: the request; else: as one that called this tool
    initiator_id             uuid        NOT NULL,
    combination              bigint      NOT NULL,
    requests                 bigint      NOT NULL,  -- less than nothing: taken back
    failures                 bigint      NOT NULL,  -- failed, truncated or interrupted
    tool_calls               bigint      NOT NULL,  -- of the tool, if there is one
    input_tokens             numeric     NOT NULL,
    output_tokens            numeric     NOT NULL,
    cache_read_input_tokens  numeric     NOT NULL,
    cache_write_input_tokens numeric     NOT NULL,
    cost_micros              numeric     NOT NULL,  -- as far as it is known
    unpriced                 bigint      NOT NULL,  -- requests with token usage whose cost is not known
    durations                numeric     NOT NULL   -- histogram: twelve decimal digits for each step, see usage_duration
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The ledger. Not tied to the record: retention and erasures leave it as it is.
CREATE TABLE aibridge_usage (
    span                     text        COLLATE "C" NOT NULL,  -- hour, day or month, in UTC
    grain                    text        COLLATE "C" NOT NULL,  -- what the row tells apart: see post_usage
    starts_at                timestamptz NOT NULL,
    tool                     text        COLLATE "C" NOT NULL,  -- empty, but for grains of tools
    initiator_id             uuid        NOT NULL,  -- all zeros: everyone
    combination              bigint      NOT NULL,  -- 0: all
    requests                 bigint      NOT NULL,
    failures                 bigint      NOT NULL,
    tool_calls               bigint      NOT NULL,
    input_tokens             numeric     NOT NULL,
    output_tokens            numeric     NOT NULL,
    cache_read_input_tokens  numeric     NOT NULL,
    cache_write_input_tokens numeric     NOT NULL,
    cost_micros              numeric     NOT NULL,
    unpriced                 bigint      NOT NULL,
    durations                numeric     NOT NULL,
    CONSTRAINT aibridge_usage_pkey PRIMARY KEY (span, grain, starts_at, tool, initiator_id, combination) INCLUDE (requests),
    CONSTRAINT aibridge_usage_span_check CHECK (span IN ('hour', 'day', 'month')),
    CONSTRAINT aibridge_usage_grain_check CHECK
        (grain IN ('all', 'everyone', 'user', 'both', 'everyone_tool', 'both_tool'))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- Which hours have been reported, so that any number of replicas reports each once. Rows live for a day.
CREATE TABLE telemetry_locks (
    event_type       text        NOT NULL,
    period_ending_at timestamptz NOT NULL,
    report_id        uuid        NOT NULL,  -- the same at every try
    attempts         integer     NOT NULL,
    next_try_at      timestamptz NOT NULL,  -- until then it belongs to whoever tried last
    reported_at      timestamptz,
    CONSTRAINT telemetry_locks_pkey PRIMARY KEY (event_type, period_ending_at)
);

-- Erasures at a person's request: that they happened and how much they took, and nothing of what was erased.
CREATE TABLE aibridge_erasures (
    id              uuid        NOT NULL,
    begun_at        timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,  -- NULL: broken off, or under way
    erased_by       text        NOT NULL,  -- account and host of the command
    user_id         uuid        NOT NULL,  -- whose record
    session_sha256  bytea,  -- of the session's id; NULL: all of the user's record
    interceptions   bigint      NOT NULL DEFAULT 0,
    token_usages    bigint      NOT NULL DEFAULT 0,
    user_prompts    bigint      NOT NULL DEFAULT 0,
    tool_usages     bigint      NOT NULL DEFAULT 0,
    model_thoughts  bigint      NOT NULL DEFAULT 0,
    model_answers   bigint      NOT NULL DEFAULT 0,
    tool_results    bigint      NOT NULL DEFAULT 0,
    CONSTRAINT aibridge_erasures_pkey PRIMARY KEY (id)
);

-- The deployment's own prices of models, at one instance or at all of a provider type.
CREATE TABLE aibridge_prices (
    provider      text        NOT NULL,  -- empty: it is for one instance
    provider_name text        COLLATE "C" NOT NULL,  -- empty: it is for a provider type
    model         text        COLLATE "C" NOT NULL,  -- in lower case
    since         timestamptz NOT NULL,  -- -infinity: for all time
    rates         jsonb       NOT NULL,  -- by context: an array of pricing.Rates
    set_by        text        NOT NULL,  -- a user's name, or account and host of the command
    set_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT aibridge_prices_pkey PRIMARY KEY (model, provider, provider_name, since),
    CONSTRAINT aibridge_prices_provider_check CHECK (provider IN ('', 'anthropic', 'openai', 'copilot')),
    CONSTRAINT aibridge_prices_one_of_two_check CHECK ((provider = '') <> (provider_name = ''))
);

-- A text as its words, in lower case and apart by single blanks: letters and digits, all else is between words. Ideographs and kana
-- are words of one letter; of a word 100 letters count. `aibridge.texts` says the same to whoever searches.
CREATE FUNCTION aibridge_words(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(CASE
        WHEN w ~ '[^ ]{101}|[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]'
        THEN regexp_replace(
            regexp_replace(
                regexp_replace(
                    w, '([\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g'
                ),
                ' +', ' ', 'g'
            ),
            '([^ ]{100})[^ ]+', '\1', 'g'
        )
        ELSE w END, ' ')
    FROM regexp_replace(
        lower(said),
        '['
            '\u0001-/:-@\[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7'
            '\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965'
            '\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f'
            '\ue000-\uf8ff\ufe00-\ufe1f\ufe30-\ufe6f\ufeff-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffff'
            '\U0001f000-\U0001faff\U000e0000-\U000e0fff'
        ']+',
        ' ', 'g'
    ) AS w
$$;

-- The words of an ended interception. A row is narrow, since whoever counts a common word meets a great many: the words are made
-- long enough to be kept out of line.
CREATE TABLE aibridge_search (
    interception_id uuid        NOT NULL,
    initiator_id    uuid        NOT NULL,
    started_at      timestamptz NOT NULL,
    combination     bigint      NOT NULL,  -- aibridge_interceptions.combination
    session         bigint      NOT NULL,  -- hash of session id and initiator
    words           text        NOT NULL,  -- each between two blanks; texts apart by |; before them @initiator, $session, #tools
    CONSTRAINT aibridge_search_pkey PRIMARY KEY (interception_id, initiator_id)
) WITH (toast_tuple_target = 128, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

CREATE INDEX aibridge_search_words ON aibridge_search
    USING gin (array_to_tsvector(string_to_array(btrim(words, ' '), ' ')));
-- A common word, newest first.
CREATE INDEX aibridge_search_newest ON aibridge_search (started_at DESC, interception_id DESC);

-- Ended, and not in the index yet: written with the end, and looked at by every search until it is there, for a second or so.
CREATE TABLE aibridge_search_queue (
    interception_id uuid NOT NULL,
    initiator_id    uuid NOT NULL,
    CONSTRAINT aibridge_search_queue_pkey PRIMARY KEY (interception_id, initiator_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- While a row is here: what began before it has not been indexed since there is an index.
CREATE TABLE aibridge_search_backlog (
    id              boolean     NOT NULL,  -- true: there is one at most
    started_at      timestamptz NOT NULL,
    interception_id uuid        NOT NULL,
    CONSTRAINT aibridge_search_backlog_pkey PRIMARY KEY (id),
    CONSTRAINT aibridge_search_backlog_id_check CHECK (id)
);
