-- name: timeline_steps
-- The ended interceptions of a session ($1: id, $2: initiator) as thin rows, oldest first: the columns of session_marks, then
-- what is told of every step. Texts are cut here to at most $3 characters. What hangs on steps is read in one go for all of them:
-- step by step, thousands of searches for neighbours would begin anew.
WITH own AS MATERIALIZED (
    SELECT
        id, thread_root_id, started_at, side_request, agent_id, parent_agent_id, metadata, ended_at, time_to_first_byte_us, model,
        outcome, error_type, left(error_message, $3) AS error_message
    FROM aibridge_interceptions
    WHERE session_id = $1 AND initiator_id = $2 AND ended_at IS NOT NULL
)
SELECT
    i.id, i.thread_root_id, i.started_at, i.side_request, i.agent_id, i.parent_agent_id,
    i.metadata @> '{"subagent": true}' AS says_subagent,
    i.ended_at, i.time_to_first_byte_us, i.model, i.outcome, i.error_type, i.error_message,
    left(i.metadata ->> 'side_prompt', $3) AS side_prompt, p.prompt,
    coalesce(c.calls, 0) AS tool_calls, coalesce(c.failed, 0) AS failed_calls, c.call_error, c.tool,
    coalesce(t.thoughts, 0) AS thoughts,
    u.input_tokens::text, u.output_tokens::text, u.cache_read_input_tokens::text, u.cache_write_input_tokens::text,
    u.cost_micros::text, coalesce(u.unpriced, false) AS unpriced
FROM own AS i
LEFT JOIN (
    SELECT DISTINCT ON (interception_id) interception_id, left(prompt, $3) AS prompt FROM aibridge_user_prompts
    WHERE interception_id = ANY (ARRAY(SELECT id FROM own))
    ORDER BY interception_id, created_at, id
) AS p ON p.interception_id = i.id
LEFT JOIN (
    SELECT
        interception_id, count(*) AS calls, count(*) FILTER (WHERE invocation_error <> '') AS failed,
        (array_agg(left(invocation_error, $3) ORDER BY created_at, id) FILTER (WHERE invocation_error <> ''))[1] AS call_error,
        (array_agg(tool ORDER BY created_at, id))[1] AS tool
    FROM aibridge_tool_usages
    WHERE interception_id = ANY (ARRAY(SELECT id FROM own))
    GROUP BY interception_id
) AS c ON c.interception_id = i.id
LEFT JOIN (
    SELECT interception_id, count(*) AS thoughts FROM aibridge_model_thoughts
    WHERE interception_id = ANY (ARRAY(SELECT id FROM own))
    GROUP BY interception_id
) AS t ON t.interception_id = i.id
LEFT JOIN (
    SELECT
        interception_id, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cache_read_input_tokens) AS cache_read_input_tokens,
        sum(cache_write_input_tokens) AS cache_write_input_tokens,
        sum(cost_micros) AS cost_micros, bool_or(cost_micros IS NULL) AS unpriced
    FROM aibridge_token_usages
    WHERE interception_id = ANY (ARRAY(SELECT id FROM own))
    GROUP BY interception_id
) AS u ON u.interception_id = i.id
ORDER BY i.started_at, i.id;

-- name: step_texts
-- What these steps ($3) of a session ($1: id, $2: initiator) say, cut: $4 is the most characters of an argument, $5 of any other
-- text.
SELECT i.id, c.input, t.thought, a.answer
FROM aibridge_interceptions AS i
LEFT JOIN LATERAL (
    SELECT left(input, $4) AS input FROM aibridge_tool_usages WHERE interception_id = i.id ORDER BY created_at, id LIMIT 1
) AS c ON true
LEFT JOIN LATERAL (
    SELECT left(content, $5) AS thought FROM aibridge_model_thoughts
    WHERE interception_id = i.id
    ORDER BY created_at, id
    LIMIT 1
) AS t ON true
LEFT JOIN LATERAL (
    SELECT left(content, $5) AS answer FROM aibridge_model_answers
    WHERE interception_id = i.id AND initiator_id = i.initiator_id
    ORDER BY created_at, id
    LIMIT 1
) AS a ON true
WHERE i.session_id = $1 AND i.initiator_id = $2 AND i.id = ANY ($3::uuid[]) AND i.ended_at IS NOT NULL;

-- name: session_in_flight
-- How many requests of a session ($1: id, $2: initiator) are under way.
SELECT count(*) FROM aibridge_interceptions
WHERE ended_at IS NULL AND session_id = $1 AND initiator_id = $2;

-- name: calls_begun
-- The beginnings of the arguments of these tool calls ($2) of these interceptions ($1): at most $3 characters.
SELECT id, left(input, $3) AS input FROM aibridge_tool_usages
WHERE interception_id = ANY ($1::uuid[]) AND id = ANY ($2::uuid[]);

-- name: step_place
-- Where a step ($3) stands in its session ($1: id, $2: initiator): its number by time, how many there are, its neighbours, the
-- root of its thread, and when that went on: the start of the thread's next request.
WITH steps AS MATERIALIZED (
    SELECT
        id, started_at, side_request, coalesce(thread_root_id, id) AS root_id, row_number() OVER by_time AS number,
        count(*) OVER () AS steps, lag(id) OVER by_time AS previous_id, lead(id) OVER by_time AS next_id
    FROM aibridge_interceptions
    WHERE session_id = $1 AND initiator_id = $2 AND ended_at IS NOT NULL
    WINDOW by_time AS (ORDER BY started_at, id)
)
SELECT
    number, steps, previous_id, next_id, root_id,
    (
        SELECT min(other.started_at) FROM steps AS other
        WHERE other.root_id = one.root_id AND other.number > one.number AND NOT other.side_request
    ) AS went_on_at
FROM steps AS one
WHERE id = $3;
