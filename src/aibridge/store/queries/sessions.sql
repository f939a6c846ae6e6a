-- name: hold_sessions
-- Holds the roll-up rows of these sessions ($1: session ids, $2: initiators, in step) until the transaction ends, making the
-- missing ones, in key order. A finish that comes meanwhile waits, and adds to what recompute_sessions left. The WHERE that
-- is never true is on purpose: the conflicting row is locked, nothing is written.
INSERT INTO aibridge_sessions AS s (
    session_id, initiator_id, first_interception_id, started_at, last_started_at, ended_at, interceptions, threads,
    tool_calls, failures, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens
)
SELECT DISTINCT
    k.session_id, k.initiator_id, k.initiator_id, 'epoch'::timestamptz, 'epoch'::timestamptz, 'epoch'::timestamptz,
    0, 0, 0, 0, 0, 0, 0, 0
FROM unnest($1::text[], $2::uuid[]) AS k (session_id, initiator_id)
ORDER BY k.session_id, k.initiator_id
ON CONFLICT (session_id, initiator_id) DO UPDATE SET interceptions = s.interceptions WHERE false;

-- name: recompute_sessions
-- Computes the roll-ups of these sessions ($1: session ids, $2: initiators, in step) anew from their ended interceptions;
-- one without any is removed. Only after hold_sessions, as a statement of its own: its snapshot must be younger than the
-- locks, so that it sees every finish that was counted before.
WITH keys AS MATERIALIZED (
    SELECT DISTINCT k.session_id, k.initiator_id FROM unnest($1::text[], $2::uuid[]) AS k (session_id, initiator_id)
), counted AS MATERIALIZED (
    SELECT
        i.id, i.initiator_id, i.session_id, i.started_at, i.ended_at, i.combination,
        i.outcome IN ('failed', 'truncated', 'interrupted') AS failure,
        i.thread_root_id IS NULL AND NOT i.side_request AS thread,
        u.input_tokens, u.output_tokens, u.cache_read_input_tokens, u.cache_write_input_tokens, u.cost_micros, u.unpriced,
        t.tool_calls, p.first_prompt_at, p.first_prompt, p.last_prompt_at, p.last_prompt
    FROM keys AS k
    JOIN aibridge_interceptions AS i ON i.session_id = k.session_id AND i.initiator_id = k.initiator_id
    CROSS JOIN LATERAL (
        SELECT
            sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
            sum(cache_read_input_tokens) AS cache_read_input_tokens,
            sum(cache_write_input_tokens) AS cache_write_input_tokens,
            sum(cost_micros) AS cost_micros, bool_or(cost_micros IS NULL) AS unpriced
        FROM aibridge_token_usages WHERE interception_id = i.id
    ) AS u
    CROSS JOIN LATERAL (SELECT count(*) AS tool_calls FROM aibridge_tool_usages WHERE interception_id = i.id) AS t
    CROSS JOIN LATERAL (  -- one at most, unless it was imported
        SELECT
            min(created_at) AS first_prompt_at, max(created_at) AS last_prompt_at,
            (array_agg(left(prompt, 500) ORDER BY created_at, id))[1] AS first_prompt,
            (array_agg(left(prompt, 500) ORDER BY created_at DESC, id DESC))[1] AS last_prompt
        FROM aibridge_user_prompts WHERE interception_id = i.id AND NOT i.side_request
    ) AS p
    WHERE i.ended_at IS NOT NULL
), emptied AS (
    DELETE FROM aibridge_sessions AS s USING keys AS k
    WHERE s.session_id = k.session_id AND s.initiator_id = k.initiator_id
      AND NOT EXISTS (SELECT FROM counted AS c WHERE c.session_id = k.session_id AND c.initiator_id = k.initiator_id)
), sums AS (
    SELECT
        session_id, initiator_id, (array_agg(id ORDER BY started_at, id))[1] AS first_interception_id,
        min(started_at) AS started_at, max(started_at) AS last_started_at, max(ended_at) AS ended_at,
        count(*) AS interceptions, count(*) FILTER (WHERE thread) AS threads, sum(tool_calls) AS tool_calls,
        count(*) FILTER (WHERE failure) AS failures,
        coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
        coalesce(sum(cache_read_input_tokens), 0) AS cache_read_input_tokens,
        coalesce(sum(cache_write_input_tokens), 0) AS cache_write_input_tokens,
        coalesce(sum(cost_micros), 0) AS cost_micros, count(*) FILTER (WHERE unpriced) AS unpriced,
        min(first_prompt_at) AS first_prompt_at,
        (array_agg(id ORDER BY first_prompt_at, id) FILTER (WHERE first_prompt_at IS NOT NULL))[1]
            AS first_prompt_interception_id,
        (array_agg(first_prompt ORDER BY first_prompt_at, id) FILTER (WHERE first_prompt_at IS NOT NULL))[1]
            AS first_prompt,
        max(last_prompt_at) AS last_prompt_at,
        (array_agg(id ORDER BY last_prompt_at DESC, id DESC) FILTER (WHERE last_prompt_at IS NOT NULL))[1]
            AS last_prompt_interception_id,
        (array_agg(last_prompt ORDER BY last_prompt_at DESC, id DESC) FILTER (WHERE last_prompt_at IS NOT NULL))[1]
            AS last_prompt,
        array_agg(DISTINCT combination) AS combinations
    FROM counted
    GROUP BY session_id, initiator_id
), used AS MATERIALIZED (
    SELECT c.session_id, c.initiator_id, array_agg(DISTINCT t.tool ORDER BY t.tool) AS tools
    FROM counted AS c JOIN aibridge_tool_usages AS t ON t.interception_id = c.id
    WHERE t.tool <> ''
    GROUP BY c.session_id, c.initiator_id
), summed AS (
    UPDATE aibridge_sessions AS s SET
        first_interception_id = n.first_interception_id, started_at = n.started_at,
        last_started_at = n.last_started_at, ended_at = n.ended_at, interceptions = n.interceptions, threads = n.threads,
        tool_calls = n.tool_calls, failures = n.failures, input_tokens = n.input_tokens, output_tokens = n.output_tokens,
        cache_read_input_tokens = n.cache_read_input_tokens, cache_write_input_tokens = n.cache_write_input_tokens,
        cost_micros = n.cost_micros, unpriced = n.unpriced,
        first_prompt_at = n.first_prompt_at, first_prompt_interception_id = n.first_prompt_interception_id,
        first_prompt = n.first_prompt, last_prompt_at = n.last_prompt_at,
        last_prompt_interception_id = n.last_prompt_interception_id, last_prompt = n.last_prompt,
        combinations = n.combinations, tools = coalesce(u.tools, '{}')
    FROM sums AS n LEFT JOIN used AS u ON u.session_id = n.session_id AND u.initiator_id = n.initiator_id
    WHERE s.session_id = n.session_id AND s.initiator_id = n.initiator_id
    RETURNING s.combinations, s.combination_set, s.tools, s.tool_set
), combination_sets AS (
    INSERT INTO aibridge_combination_sets (id, combination)
    SELECT DISTINCT s.combination_set, c.member
    FROM summed AS s CROSS JOIN LATERAL unnest(s.combinations) AS c (member)
    WHERE s.combination_set <> 0
    ORDER BY s.combination_set, c.member
    ON CONFLICT DO NOTHING
), tool_sets AS (
    INSERT INTO aibridge_tool_sets (id, tool)
    SELECT DISTINCT s.tool_set, t.member
    FROM summed AS s CROSS JOIN LATERAL unnest(s.tools) AS t (member)
    WHERE s.tool_set <> 0
    ORDER BY s.tool_set, t.member
    ON CONFLICT DO NOTHING
), combinations AS MATERIALIZED (
    SELECT
        session_id, initiator_id, combination, min(started_at) AS first_started_at, max(started_at) AS last_started_at
    FROM counted
    GROUP BY session_id, initiator_id, combination
), unused AS (
    DELETE FROM aibridge_session_facets AS f USING keys AS k
    WHERE f.session_id = k.session_id AND f.initiator_id = k.initiator_id
      AND NOT EXISTS (
        SELECT FROM combinations AS c
        WHERE c.session_id = f.session_id AND c.initiator_id = f.initiator_id AND c.combination = f.combination
      )
)
INSERT INTO aibridge_session_facets AS f (session_id, initiator_id, combination, first_started_at, last_started_at)
SELECT session_id, initiator_id, combination, first_started_at, last_started_at
FROM combinations
ORDER BY session_id, initiator_id, combination
ON CONFLICT (session_id, initiator_id, combination) DO UPDATE SET
    first_started_at = excluded.first_started_at, last_started_at = excluded.last_started_at;

-- name: name_combinations
-- Says what the combinations of these ended interceptions ($1: uuid[]) stand for, where that is not on record yet.
INSERT INTO aibridge_combinations (
    id, provider, provider_name, model, client, outcome, error_type, credential_kind, credential_type
)
SELECT DISTINCT
    i.combination, i.provider, i.provider_name, i.model, i.client, i.outcome, coalesce(i.error_type, ''),
    i.credential_kind, i.credential_type
FROM aibridge_interceptions AS i
WHERE i.id = ANY ($1::uuid[]) AND i.ended_at IS NOT NULL
ORDER BY i.combination, i.model, i.client
ON CONFLICT DO NOTHING;

-- fragment: under_every_key
-- e: an ended interception, or several alike, by day and tool_set (NULL: it called no tool); k and d: the sets and the days that
-- it counts under, 0 and -infinity being all of them.
CROSS JOIN LATERAL (SELECT 0 AS tool_set UNION ALL SELECT e.tool_set WHERE e.tool_set IS NOT NULL) AS k
CROSS JOIN LATERAL (VALUES (DATE '-infinity'), (e.day)) AS d (day)

-- name: counted_of
-- What the ended ones of these interceptions ($1: uuid[]) are in the counts, as JSON for change_counts.
SELECT coalesce(json_agg(c), '[]') FROM (
    SELECT i.combination, i.gateway_id, (i.started_at AT TIME ZONE 'UTC')::date AS day, t.tools, count(*) AS interceptions
    FROM aibridge_interceptions AS i
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT tool ORDER BY tool) AS tools  -- NULL: it called none
        FROM aibridge_tool_usages WHERE interception_id = i.id AND tool <> ''
    ) AS t
    WHERE i.id = ANY ($1::uuid[]) AND i.ended_at IS NOT NULL
    GROUP BY i.combination, i.gateway_id, day, t.tools
) AS c;

-- name: change_counts
-- Adds what counted_of found ($1) to the counts ($2 = 1), or takes it away (-1). To come last: a worker whose requests are
-- removed while it lives waits for these rows whenever anything ends.
WITH counted AS MATERIALIZED (
    SELECT c.*, hash_array_extended(c.tools, 0) AS tool_set
    FROM json_to_recordset($1) AS c (combination bigint, gateway_id uuid, day date, tools text[], interceptions bigint)
), sets AS (
    INSERT INTO aibridge_tool_sets (id, tool)
    SELECT DISTINCT c.tool_set, t.member
    FROM counted AS c CROSS JOIN LATERAL unnest(c.tools) AS t (member)
    WHERE $2::bigint > 0
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
)
INSERT INTO aibridge_interception_counts AS s (tool_set, day, combination, gateway_id, interceptions)
SELECT k.tool_set, d.day, e.combination, e.gateway_id, $2 * sum(e.interceptions)
FROM counted AS e
-- include: under_every_key
GROUP BY k.tool_set, d.day, e.combination, e.gateway_id
ORDER BY k.tool_set, d.day, e.combination, e.gateway_id
ON CONFLICT (tool_set, day, combination, gateway_id)
    DO UPDATE SET interceptions = s.interceptions + excluded.interceptions;

-- name: forget_empty_counts
-- Removes the counts that have come down to nothing, but for those that somebody is just writing: waiting for one with others in
-- hand would come to a deadlock.
WITH nothing AS MATERIALIZED (
    SELECT tool_set, day, combination, gateway_id FROM aibridge_interception_counts
    WHERE interceptions = 0
    FOR UPDATE SKIP LOCKED
)
DELETE FROM aibridge_interception_counts AS s USING nothing AS n
WHERE s.tool_set = n.tool_set AND s.day = n.day AND s.combination = n.combination AND s.gateway_id = n.gateway_id;
