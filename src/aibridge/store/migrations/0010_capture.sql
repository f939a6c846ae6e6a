-- Texts that are kept when asked for, and what was left out. The new column has a constant default: no row is rewritten.

ALTER TABLE aibridge_interceptions ADD COLUMN not_captured text[] NOT NULL DEFAULT '{}';

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

CREATE TABLE aibridge_tool_results (
    interception_id       uuid        NOT NULL,
    id                    uuid        NOT NULL,
    initiator_id          uuid        NOT NULL,
    created_at            timestamptz NOT NULL,
    provider_tool_call_id text        NOT NULL,
    content               text        NOT NULL,
    is_error              boolean,
    metadata              jsonb       NOT NULL,
    CONSTRAINT aibridge_tool_results_pkey PRIMARY KEY (interception_id, id, initiator_id),
    CONSTRAINT aibridge_tool_results_interception_fkey FOREIGN KEY (interception_id, initiator_id)
        REFERENCES aibridge_interceptions (id, initiator_id) ON DELETE CASCADE
);

ALTER TABLE aibridge_erasures ADD COLUMN model_answers bigint NOT NULL DEFAULT 0;
ALTER TABLE aibridge_erasures ADD COLUMN tool_results bigint NOT NULL DEFAULT 0;
