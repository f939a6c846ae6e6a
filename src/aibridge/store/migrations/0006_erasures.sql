-- Erasures at a person's request: that they happened and how much they took, and nothing of what was erased.

CREATE TABLE aibridge_erasures (
    id              uuid        NOT NULL,
    begun_at        timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    erased_by       text        NOT NULL,
    user_id         uuid        NOT NULL,
    session_sha256  bytea,
    interceptions   bigint      NOT NULL DEFAULT 0,
    token_usages    bigint      NOT NULL DEFAULT 0,
    user_prompts    bigint      NOT NULL DEFAULT 0,
    tool_usages     bigint      NOT NULL DEFAULT 0,
    model_thoughts  bigint      NOT NULL DEFAULT 0,
    CONSTRAINT aibridge_erasures_pkey PRIMARY KEY (id)
);
