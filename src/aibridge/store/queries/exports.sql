-- fragment: interception_bytes
-- i: an interception. About how much is read with it: the length of a text is on record beside it, so that counting it reads
-- none of it.
(
    SELECT coalesce(sum(octet_length(content)), 0) FROM (
        SELECT prompt AS content FROM aibridge_user_prompts WHERE interception_id = i.id
        UNION ALL SELECT input FROM aibridge_tool_usages WHERE interception_id = i.id
        UNION ALL SELECT content FROM aibridge_model_thoughts WHERE interception_id = i.id
        UNION ALL SELECT content FROM aibridge_model_answers WHERE interception_id = i.id
        UNION ALL SELECT content FROM aibridge_tool_results WHERE interception_id = i.id
    ) AS texts
)

-- name: export_page
-- Which interceptions stand on a page of an export, newest first, and about how many bytes each takes; $1 to $12: see
-- interceptions_on_page.
WITH
-- include: interceptions_on_page
SELECT i.started_at, i.id,
-- include: interception_bytes
AS bytes
FROM page AS p JOIN aibridge_interceptions AS i ON i.id = p.id
ORDER BY p.started_at DESC, p.id DESC;

-- name: exported
-- These ended interceptions ($1), newest first.
SELECT i.*, u.username, u.name, u.avatar_url
FROM aibridge_interceptions AS i JOIN users AS u ON u.id = i.initiator_id
WHERE i.id = ANY ($1::uuid[]) AND i.ended_at IS NOT NULL
ORDER BY i.started_at DESC, i.id DESC;

-- name: export_table
-- The interceptions on a page of an export as rows of a table, newest first; $1 to $12: see interceptions_on_page, $13: the most
-- characters of a prompt, $14: the most tools that are named.
WITH
-- include: interceptions_on_page
SELECT
    i.id, i.started_at, i.ended_at,
    greatest(0, extract(epoch FROM i.ended_at - i.started_at) * 1000000)::bigint AS duration_us, i.time_to_first_byte_us,
    i.initiator_id, u.username, i.api_token_id, i.session_id, coalesce(i.thread_root_id, i.id) AS thread_id, i.agent_id,
    i.side_request, i.provider, i.provider_name, i.endpoint, i.model, i.response_model, i.client, i.credential_kind,
    i.credential_type, i.outcome, i.status_code, i.error_type, i.error_message, spent.input_tokens, spent.output_tokens,
    spent.cache_read_input_tokens, spent.cache_write_input_tokens, spent.cost_micros, spent.unpriced, calls.tool_calls,
    called.tools, thought.thoughts, coalesce(asked.prompt, left(i.metadata ->> 'side_prompt', $13::integer)) AS prompt
FROM page AS p
JOIN aibridge_interceptions AS i ON i.id = p.id
JOIN users AS u ON u.id = i.initiator_id
LEFT JOIN LATERAL (
    SELECT left(prompt, $13) AS prompt FROM aibridge_user_prompts
    WHERE interception_id = i.id AND initiator_id = i.initiator_id
    ORDER BY created_at, id LIMIT 1
) AS asked ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS tool_calls FROM aibridge_tool_usages
    WHERE interception_id = i.id AND initiator_id = i.initiator_id
) AS calls
CROSS JOIN LATERAL (
    SELECT array_agg(tool ORDER BY first_call) AS tools FROM (
        SELECT tool, min((created_at, id)::text) AS first_call FROM aibridge_tool_usages
        WHERE interception_id = i.id AND initiator_id = i.initiator_id
        GROUP BY tool ORDER BY first_call LIMIT $14::integer
    ) AS each_tool
) AS called
CROSS JOIN LATERAL (
    SELECT count(*) AS thoughts FROM aibridge_model_thoughts
    WHERE interception_id = i.id AND initiator_id = i.initiator_id
) AS thought
-- include: spent_on_it
ORDER BY p.started_at DESC, p.id DESC;

-- name: export_steps
-- The ended interceptions of a session ($1: id, $2: initiator), oldest first, in figures: the columns of session_marks, what its
-- thread sums up, and about how many bytes each takes.
SELECT
    i.id, i.thread_root_id, i.started_at, i.side_request, i.agent_id, i.parent_agent_id,
    i.metadata @> '{"subagent": true}' AS says_subagent,
    i.ended_at, i.outcome, (SELECT count(*) FROM aibridge_tool_usages WHERE interception_id = i.id) AS tool_calls,
-- include: interception_bytes
    AS bytes
FROM aibridge_interceptions AS i
WHERE i.session_id = $1 AND i.initiator_id = $2 AND i.ended_at IS NOT NULL
ORDER BY i.started_at, i.id;

-- name: export_heads
-- What the threads of a session tell of their first steps ($1); a prompt of at most $2 characters.
SELECT
    i.id, p.prompt, i.model, i.provider, i.provider_name, i.client, i.credential_kind, i.credential_type, i.credential_hint,
    i.outcome, i.error_type, i.error_message, i.agent_id, i.parent_agent_id
FROM aibridge_interceptions AS i
LEFT JOIN LATERAL (
    SELECT left(prompt, $2::integer) AS prompt FROM aibridge_user_prompts
    WHERE interception_id = i.id ORDER BY created_at, id LIMIT 1
) AS p ON true
WHERE i.id = ANY ($1::uuid[]);

-- name: export_tools
-- How often each tool was called by these interceptions ($1), most first; at most $2 tools.
SELECT tool, count(*) AS calls FROM aibridge_tool_usages
WHERE interception_id = ANY ($1::uuid[])
GROUP BY tool ORDER BY calls DESC, tool LIMIT $2::integer;
