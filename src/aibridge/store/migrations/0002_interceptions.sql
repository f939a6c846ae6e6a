-- The record: which worker carried what, every interception, and its four kinds of children.
--
-- Primary keys hold the id first (look-ups need nothing else) and the initiator too, so that the tables can be distributed
-- by initiator. A child's key opens with its interception: one index serves its uniqueness, its look-up and the cascade.
-- Everything that lists interceptions reads ended ones only, so those indexes are partial: a row enters each of them once,
-- when it ends, and not twice. Parent and root of a thread are soft references: purging a root leaves its children alone.

CREATE TABLE aibridge_gateways (
    id           uuid        NOT NULL,
    hostname     text        NOT NULL,
    pid          integer     NOT NULL,
    version      text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    retired_at   timestamptz,
    CONSTRAINT aibridge_gateways_pkey PRIMARY KEY (id)
);

CREATE TABLE aibridge_interceptions (
    id                       uuid        NOT NULL,
    initiator_id             uuid        NOT NULL,
    gateway_id               uuid        NOT NULL,
    thread_parent_id         uuid,
    thread_root_id           uuid,
    started_at               timestamptz NOT NULL,
    ended_at                 timestamptz,
    time_to_first_byte_us    bigint,
    status_code              integer,
    streaming                boolean     NOT NULL,
    side_request             boolean     NOT NULL,
    partial                  boolean     NOT NULL DEFAULT false,
    unread                   boolean     NOT NULL,
    outcome                  text,
    error_type               text,
    error_message            text,
    provider                 text        NOT NULL,
    provider_name            text        NOT NULL,
    endpoint                 text        NOT NULL,
    model                    text        NOT NULL,
    response_model           text        NOT NULL DEFAULT '',
    provider_response_id     text        NOT NULL DEFAULT '',
    client                   text        NOT NULL,
    client_session_id        text,
    session_id               text        NOT NULL GENERATED ALWAYS AS
                                         (coalesce(client_session_id, thread_root_id::text, id::text)) STORED,
    correlating_tool_call_id text,
    agent_id                 text,
    parent_agent_id          text,
    api_token_id             text        NOT NULL,
    credential_kind          text        NOT NULL,
    credential_type          text        NOT NULL,
    credential_hint          text        NOT NULL,
    body_sha256_received     bytea,
    body_sha256_sent         bytea,
    mutations                text[]      NOT NULL,
    notes                    text[]      NOT NULL,
    metadata                 jsonb       NOT NULL,
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
) WITH (fillfactor = 80);

CREATE INDEX aibridge_interceptions_newest ON aibridge_interceptions (started_at DESC, id DESC)
    WHERE ended_at IS NOT NULL;
CREATE INDEX aibridge_interceptions_by_initiator ON aibridge_interceptions (initiator_id, started_at DESC, id DESC)
    WHERE ended_at IS NOT NULL;
CREATE INDEX aibridge_interceptions_session ON aibridge_interceptions (session_id, initiator_id)
    WHERE ended_at IS NOT NULL;
CREATE INDEX aibridge_interceptions_open ON aibridge_interceptions (gateway_id)
    WHERE ended_at IS NULL;

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

CREATE TABLE aibridge_token_usages (
    interception_id          uuid        NOT NULL,
    id                       uuid        NOT NULL,
    initiator_id             uuid        NOT NULL,
    created_at               timestamptz NOT NULL,
    input_tokens             bigint,
    output_tokens            bigint,
    cache_read_input_tokens  bigint,
    cache_write_input_tokens bigint,
    partial                  boolean     NOT NULL,
    provider_response_id     text        NOT NULL,
    metadata                 jsonb       NOT NULL,
    CONSTRAINT aibridge_token_usages_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_token_usages_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE,
    CONSTRAINT aibridge_token_usages_tokens_check CHECK
        (input_tokens >= 0 AND output_tokens >= 0 AND cache_read_input_tokens >= 0 AND cache_write_input_tokens >= 0)
);

CREATE TABLE aibridge_tool_usages (
    interception_id       uuid        NOT NULL,
    id                    uuid        NOT NULL,
    initiator_id          uuid        NOT NULL,
    created_at            timestamptz NOT NULL,
    injected              boolean     NOT NULL,
    tool                  text        NOT NULL,
    input                 text        NOT NULL,
    provider_tool_call_id text,
    provider_item_id      text,
    provider_response_id  text        NOT NULL,
    server_url            text,
    invocation_error      text,
    metadata              jsonb       NOT NULL,
    CONSTRAINT aibridge_tool_usages_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_tool_usages_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

CREATE INDEX aibridge_tool_usages_lineage ON aibridge_tool_usages (initiator_id, provider_tool_call_id, created_at)
    WHERE provider_tool_call_id IS NOT NULL;

CREATE TABLE aibridge_model_thoughts (
    interception_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    initiator_id    uuid        NOT NULL,
    created_at      timestamptz NOT NULL,
    source          text        NOT NULL,
    content         text        NOT NULL,
    metadata        jsonb       NOT NULL,
    CONSTRAINT aibridge_model_thoughts_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_model_thoughts_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);
