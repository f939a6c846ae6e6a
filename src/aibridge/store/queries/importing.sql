-- name: lock_imports
-- One import at a time ($1: key): whether this connection is now the one. Held until the connection ends.
SELECT pg_try_advisory_lock($1);

-- name: known_users
-- Which of these ids ($1) are users here, whatever their status.
SELECT id FROM users WHERE id = ANY ($1::uuid[]);

-- name: import_user
-- A user with the id from elsewhere, unless the name is taken; returns nothing then. $1: id, $2: username, $3: name,
-- $4: email, $5: avatar_url, $6: role, $7: status, $8: created_at or NULL.
INSERT INTO users (id, username, name, email, avatar_url, role, status, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8::timestamptz, now()))
ON CONFLICT DO NOTHING
RETURNING id;

-- name: known_interceptions
-- Which of these ids ($1) are on record, whoever asked.
SELECT id FROM aibridge_interceptions WHERE id = ANY ($1::uuid[]);

-- name: erased_interceptions
-- Which of these interceptions (in step: $1: ids, $2: initiators, $3: starts, $4: session ids) are what somebody has had erased
-- here. What was asked after that erasure began is not.
SELECT n.id
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[]) AS n (id, initiator_id, started_at, session_id)
WHERE EXISTS (
    SELECT FROM aibridge_erasures AS e
    WHERE e.user_id = n.initiator_id AND n.started_at < e.begun_at
      AND (e.session_sha256 IS NULL OR e.session_sha256 = sha256(convert_to(n.session_id, 'UTF8')))
);

-- name: import_interceptions
-- Ended interceptions with their children, all of a kind at once; returns those that were really added. What is on record
-- already is left alone, with its children. $1: JSON array of `importing.Imported`, $2: the gateway that stands for imports.
WITH batch AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1) AS b (
        id uuid, initiator_id uuid, thread_parent_id uuid, thread_root_id uuid, started_at timestamptz,
        ended_at timestamptz, outcome text, error_type text, error_message text, provider text, provider_name text,
        model text, provider_response_id text, client text, client_session_id text, api_token_id text,
        credential_kind text, credential_hint text, notes text[], metadata jsonb,
        user_prompts json, token_usages json, tool_usages json, model_thoughts json
    )
), added AS MATERIALIZED (
    INSERT INTO aibridge_interceptions (
        id, initiator_id, gateway_id, thread_parent_id, thread_root_id, started_at, ended_at, streaming, side_request,
        unread, outcome, error_type, error_message, provider, provider_name, endpoint, model, provider_response_id, client,
        client_session_id, api_token_id, credential_kind, credential_type, credential_hint, mutations, notes, metadata
    )
    SELECT
        id, initiator_id, $2::uuid, thread_parent_id, thread_root_id, started_at, ended_at, false, false,
        false, outcome, error_type, error_message, provider, provider_name, '', model, provider_response_id, client,
        client_session_id, api_token_id, credential_kind, 'api_key', credential_hint, '{}', notes, metadata
    FROM batch
    ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING id, session_id, initiator_id
), filled AS MATERIALIZED (
    SELECT b.* FROM batch AS b JOIN added AS a ON a.id = b.id AND a.initiator_id = b.initiator_id
), user_prompts AS (
    INSERT INTO aibridge_user_prompts (interception_id, id, initiator_id, created_at, prompt, metadata)
    SELECT f.id, p.id, f.initiator_id, p.created_at, p.prompt, p.metadata
    FROM filled AS f
    CROSS JOIN LATERAL json_to_recordset(f.user_prompts) AS p (
        id uuid, created_at timestamptz, prompt text, metadata jsonb
    )
), token_usages AS (
    INSERT INTO aibridge_token_usages (
        interception_id, id, initiator_id, created_at, input_tokens, output_tokens,
        cache_read_input_tokens, cache_write_input_tokens, partial, provider_response_id, metadata,
        cost_micros, cost_lower_bound, input_price_micros, output_price_micros, cache_read_price_micros,
        cache_write_price_micros, cache_write_1h_price_micros, price_source, price_listed_as, price_since
    )
    SELECT
        f.id, u.id, f.initiator_id, u.created_at, u.input_tokens, u.output_tokens,
        u.cache_read_input_tokens, u.cache_write_input_tokens, u.partial, u.provider_response_id, u.metadata,
        c.micros, coalesce(c.lower_bound, false), c.input_price_micros, c.output_price_micros, c.cache_read_price_micros,
        c.cache_write_price_micros, c.cache_write_1h_price_micros, c.price_source, c.price_listed_as, c.price_since
    FROM filled AS f
    CROSS JOIN LATERAL json_to_recordset(f.token_usages) AS u (
        id uuid, created_at timestamptz, input_tokens bigint, output_tokens bigint, cache_read_input_tokens bigint,
        cache_write_input_tokens bigint, partial boolean, provider_response_id text, metadata jsonb, cost json
    )
    CROSS JOIN LATERAL json_to_record(u.cost) AS c (
-- include: usage_cost
    )
), tool_usages AS (
    INSERT INTO aibridge_tool_usages (
        interception_id, id, initiator_id, created_at, injected, tool, input, provider_tool_call_id,
        provider_item_id, provider_response_id, server_url, invocation_error, metadata
    )
    SELECT
        f.id, t.id, f.initiator_id, t.created_at, t.injected, t.tool, t.input, t.provider_tool_call_id,
        t.provider_item_id, t.provider_response_id, t.server_url, t.invocation_error, t.metadata
    FROM filled AS f
    CROSS JOIN LATERAL json_to_recordset(f.tool_usages) AS t (
        id uuid, created_at timestamptz, injected boolean, tool text, input text, provider_tool_call_id text,
        provider_item_id text, provider_response_id text, server_url text, invocation_error text, metadata jsonb
    )
), model_thoughts AS (
    INSERT INTO aibridge_model_thoughts (interception_id, id, initiator_id, created_at, source, content, metadata)
    SELECT f.id, t.id, f.initiator_id, t.created_at, t.source, t.content, t.metadata
    FROM filled AS f
    CROSS JOIN LATERAL json_to_recordset(f.model_thoughts) AS t (
        id uuid, created_at timestamptz, source text, content text, metadata jsonb
    )
)
SELECT id, session_id, initiator_id FROM added;
