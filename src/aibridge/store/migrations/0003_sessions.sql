-- Roll-ups: one row per session (session id and initiator), and one per combination of values it can be filtered by.
--
-- They are written by the transaction that ends an interception, so that a page of sessions is one index range and its
-- total one count. They hold nothing that cannot be computed again from the interceptions (see recompute_sessions.sql).
-- A session's row is rewritten by every interception that ends in it: the fill factor leaves room to do so in place (HOT),
-- and the long texts stand last, where an unchanged tail is left out of the WAL.

CREATE TABLE aibridge_sessions (
    session_id                   text        NOT NULL,
    initiator_id                 uuid        NOT NULL,
    first_interception_id        uuid        NOT NULL,
    started_at                   timestamptz NOT NULL,
    last_started_at              timestamptz NOT NULL,
    ended_at                     timestamptz NOT NULL,
    interceptions                bigint      NOT NULL,
    threads                      bigint      NOT NULL,
    tool_calls                   bigint      NOT NULL,
    failures                     bigint      NOT NULL,
    input_tokens                 numeric     NOT NULL,
    output_tokens                numeric     NOT NULL,
    cache_read_input_tokens      numeric     NOT NULL,
    cache_write_input_tokens     numeric     NOT NULL,
    first_prompt_at              timestamptz,
    first_prompt_interception_id uuid,
    last_prompt_at               timestamptz,
    last_prompt_interception_id  uuid,
    last_active_at               timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(last_prompt_at, started_at)) STORED,
    last_prompt                  text,
    first_prompt                 text,
    CONSTRAINT aibridge_sessions_pkey PRIMARY KEY (session_id, initiator_id)
) WITH (fillfactor = 60);

CREATE TABLE aibridge_session_facets (
    session_id       text        NOT NULL,
    initiator_id     uuid        NOT NULL,
    first_started_at timestamptz NOT NULL,
    last_started_at  timestamptz NOT NULL,
    provider         text        NOT NULL,
    provider_name    text        NOT NULL,
    model            text        NOT NULL,
    client           text        NOT NULL,
    CONSTRAINT aibridge_session_facets_pkey
        PRIMARY KEY (session_id, initiator_id, provider, provider_name, model, client)
) WITH (fillfactor = 60);
