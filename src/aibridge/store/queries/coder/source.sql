-- name: coder_columns
-- Which tables and columns of the record stand in this database: what is missing tells what it is, and how old.
SELECT c.relname AS "table", array_agg(a.attname::text) AS columns
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = ANY (ARRAY(SELECT to_regclass(n) FROM unnest($1::text[]) AS n))
GROUP BY c.relname;

-- name: coder_interception_number
-- How many interceptions there are, for the progress bar.
SELECT count(*) FROM aibridge_interceptions;

-- name: coder_users
-- People behind the id $1, by id, $2 at most. Columns came one by one: what an older generation lacks is found in `absent`,
-- since a name without its table means the nearest one that has it.
SELECT page.*, EXISTS (SELECT FROM aibridge_interceptions AS i WHERE i.initiator_id = page.id) AS asked
FROM (
    SELECT
        NULL::text AS email, '' AS name, '' AS avatar_url, false AS deleted, 'active' AS status, false AS is_system,
        '{}'::text[] AS rbac_roles, NULL::timestamptz AS created_at
) AS absent
CROSS JOIN LATERAL (
    SELECT
        u.id, u.username::text, email::text, name::text, avatar_url::text, deleted, status::text, is_system,
        rbac_roles::text[], created_at
    FROM users AS u WHERE u.id > $1
    ORDER BY u.id LIMIT $2
) AS page
ORDER BY page.id;

-- name: coder_interceptions
-- Interceptions behind ($1: started_at, $2: id), oldest first, $3 at most; `astray` when a parent or root is somebody else's.
SELECT page.*, EXISTS (
    SELECT FROM aibridge_interceptions AS other
    WHERE other.id IN (page.thread_parent_id, page.thread_root_id) AND other.initiator_id <> page.initiator_id
) AS astray
FROM (
    SELECT
        NULL::jsonb AS metadata, NULL::text AS api_key_id, NULL::text AS client, NULL::uuid AS thread_parent_id,
        NULL::uuid AS thread_root_id, NULL::text AS client_session_id, '' AS provider_name,
        'centralized' AS credential_kind, '' AS credential_hint, NULL::text AS error_type, NULL::text AS error_message,
        NULL::uuid AS agent_firewall_session_id, NULL::integer AS agent_firewall_sequence_number,
        NULL::jsonb AS annotations
) AS absent
CROSS JOIN LATERAL (
    SELECT
        i.id, i.initiator_id, i.provider::text, i.model::text, i.started_at, i.ended_at, metadata::text, api_key_id::text,
        client::text, thread_parent_id, thread_root_id, client_session_id::text, provider_name::text,
        credential_kind::text, credential_hint::text, error_type::text, error_message::text, agent_firewall_session_id,
        agent_firewall_sequence_number, annotations::text
    FROM aibridge_interceptions AS i
    WHERE (i.started_at, i.id) > ($1::timestamptz, $2::uuid)
    ORDER BY i.started_at, i.id LIMIT $3
) AS page
ORDER BY page.started_at, page.id;

-- name: coder_weights
-- How many children these interceptions ($1) have, and how many bytes of text; what is stored out of line is not read.
SELECT 'user_prompts' AS kind, p.interception_id, count(*) AS number, sum(octet_length(p.prompt)) AS bytes
FROM aibridge_user_prompts AS p WHERE p.interception_id = ANY ($1::uuid[]) GROUP BY p.interception_id
UNION ALL
SELECT 'tool_usages', t.interception_id, count(*), sum(octet_length(t.input))
FROM aibridge_tool_usages AS t WHERE t.interception_id = ANY ($1::uuid[]) GROUP BY t.interception_id
UNION ALL
SELECT 'token_usages', u.interception_id, count(*), 0
FROM aibridge_token_usages AS u WHERE u.interception_id = ANY ($1::uuid[]) GROUP BY u.interception_id;

-- name: coder_thought_weights
-- The same of thoughts, which older generations have no table for.
SELECT 'model_thoughts' AS kind, t.interception_id, count(*) AS number, sum(octet_length(t.content)) AS bytes
FROM aibridge_model_thoughts AS t WHERE t.interception_id = ANY ($1::uuid[]) GROUP BY t.interception_id;

-- name: coder_user_prompts
-- What the person asked in these interceptions ($1).
SELECT p.interception_id, p.id, p.prompt, p.metadata::text, p.created_at
FROM aibridge_user_prompts AS p WHERE p.interception_id = ANY ($1::uuid[]) ORDER BY p.created_at, p.id;

-- name: coder_token_usages
-- What the answers of these interceptions ($1) cost; without columns for caches, as if both were zero.
SELECT page.*
FROM (SELECT 0::bigint AS cache_read_input_tokens, 0::bigint AS cache_write_input_tokens) AS absent
CROSS JOIN LATERAL (
    SELECT
        u.interception_id, u.id, u.provider_response_id, u.input_tokens, u.output_tokens, cache_read_input_tokens,
        cache_write_input_tokens, u.metadata::text, u.created_at
    FROM aibridge_token_usages AS u WHERE u.interception_id = ANY ($1::uuid[])
) AS page
ORDER BY page.created_at, page.id;

-- name: coder_tool_usages
-- What the model chose to do in these interceptions ($1).
SELECT page.*
FROM (SELECT NULL::text AS provider_tool_call_id, NULL::text AS provider_item_id) AS absent
CROSS JOIN LATERAL (
    SELECT
        t.interception_id, t.id, t.provider_response_id, t.server_url, t.tool, t.input, t.injected, t.invocation_error,
        t.metadata::text, t.created_at, provider_tool_call_id, provider_item_id
    FROM aibridge_tool_usages AS t WHERE t.interception_id = ANY ($1::uuid[])
) AS page
ORDER BY page.created_at, page.id;

-- name: coder_model_thoughts
-- What the model said about why, in these interceptions ($1). The rows have no id; equal moments come in the order of writing.
SELECT t.interception_id, t.content, t.metadata::text, t.created_at
FROM aibridge_model_thoughts AS t WHERE t.interception_id = ANY ($1::uuid[]) ORDER BY t.created_at, t.ctid;
