-- name: session_named
-- The session of this id ($1) that was last active: of one initiator ($2), or of whoever it is with NULL.
SELECT
-- include: session_shown
FROM (
    SELECT * FROM aibridge_sessions
    WHERE session_id = $1 AND ($2::uuid IS NULL OR initiator_id = $2)
    ORDER BY last_active_at DESC, initiator_id DESC
    LIMIT 1
) AS s
-- include: session_surroundings
;

-- name: session_size
-- How many interceptions of a session ($1: id, $2: initiator) have ended; NULL: there is no such session.
SELECT interceptions FROM aibridge_sessions WHERE session_id = $1 AND initiator_id = $2;

-- name: session_marks
-- What tells the threads of a session ($1: id, $2: initiator): every ended interception, oldest first, in a few words.
SELECT
    id, thread_root_id, started_at, side_request, agent_id, parent_agent_id,
    metadata @> '{"subagent": true}' AS says_subagent
FROM aibridge_interceptions
WHERE session_id = $1 AND initiator_id = $2 AND ended_at IS NOT NULL
ORDER BY started_at, id;

-- name: session_steps
-- These interceptions ($1), as steps of a session. What another clock than the start's has ended may seem to have ended
-- before it: that took no time.
SELECT
    id, thread_parent_id, side_request, provider, provider_name, endpoint, model, response_model, client, agent_id,
    parent_agent_id, credential_kind, credential_type, credential_hint,
    started_at, ended_at, greatest(0, extract(epoch FROM ended_at - started_at) * 1000000)::bigint AS duration_us,
    time_to_first_byte_us, outcome, status_code, error_type, error_message, partial, unread, mutations, notes,
    not_captured
FROM aibridge_interceptions
WHERE id = ANY ($1::uuid[]);

-- name: first_prompts
-- The first prompt of each of these interceptions ($1) that has one.
SELECT DISTINCT ON (interception_id) interception_id, prompt FROM aibridge_user_prompts
WHERE interception_id = ANY ($1::uuid[])
ORDER BY interception_id, created_at, id;

-- name: step_tokens
-- The tokens of these interceptions ($1).
SELECT
    interception_id, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens, cost_micros, metadata
FROM aibridge_token_usages
WHERE interception_id = ANY ($1::uuid[]);

-- name: step_thoughts
-- The thoughts of these interceptions ($1), oldest first.
SELECT interception_id, id, source, content AS text, created_at FROM aibridge_model_thoughts
WHERE interception_id = ANY ($1::uuid[])
ORDER BY created_at, id;

-- name: token_metadata
-- What providers say about the tokens of these interceptions ($1), as one JSON array: cheaper to read than thousands of rows.
SELECT coalesce(json_agg(metadata), '[]') AS metadata FROM aibridge_token_usages
WHERE interception_id = ANY ($1::uuid[]) AND metadata <> '{}';

-- name: agent_calls
-- The calls of these tools ($2) by these interceptions ($1), oldest first.
SELECT interception_id, id, tool, input FROM aibridge_tool_usages
WHERE interception_id = ANY ($1::uuid[]) AND tool = ANY ($2::text[])
ORDER BY created_at, id;
