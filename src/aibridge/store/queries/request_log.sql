-- fragment: spent_on_it
-- i: an interception; spent: what it used and cost, NULL where nothing is known. unpriced: it used tokens without a known price.
CROSS JOIN LATERAL (
    SELECT
        sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cache_read_input_tokens) AS cache_read_input_tokens, sum(cache_write_input_tokens) AS cache_write_input_tokens,
        sum(cost_micros) AS cost_micros, coalesce(bool_or(cost_micros IS NULL), false) AS unpriced
    FROM aibridge_token_usages WHERE interception_id = i.id AND initiator_id = i.initiator_id
) AS spent

-- name: request_log_page
-- The requests of a page in few words; $1 to $12: see interceptions_on_page, $13: how many characters of a prompt, an argument or
-- an error are read at most (a slice of what is stored, so that a large value costs no more than a small one).
WITH
-- include: interceptions_on_page
SELECT
    i.id, i.initiator_id, u.username, u.name, u.avatar_url, coalesce(k.name, '') AS token_name, i.session_id, i.started_at,
    greatest(0, extract(epoch FROM i.ended_at - i.started_at) * 1000000)::bigint AS duration_us,
    i.provider, i.provider_name, i.model, i.client, i.outcome, i.status_code, i.error_type,
    left(i.error_message, $13::integer) AS error_message, i.side_request,
    coalesce(asked.prompt, left(i.metadata ->> 'side_prompt', $13)) AS prompt,
    called.tool, called.input, coalesce(called.whole, true) AS input_is_whole, calls.n AS tool_calls, spent.*
FROM page AS p
JOIN aibridge_interceptions AS i ON i.id = p.id
JOIN users AS u ON u.id = i.initiator_id
LEFT JOIN api_tokens AS k ON k.id = i.api_token_id
LEFT JOIN LATERAL (
    SELECT left(prompt, $13) AS prompt FROM aibridge_user_prompts
    WHERE interception_id = i.id AND initiator_id = i.initiator_id
    ORDER BY created_at, id LIMIT 1
) AS asked ON true
LEFT JOIN LATERAL (
    SELECT tool, left(input, $13) AS input, octet_length(input) <= $13 AS whole FROM aibridge_tool_usages
    WHERE interception_id = i.id AND initiator_id = i.initiator_id
    ORDER BY created_at, id LIMIT 1
) AS called ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM aibridge_tool_usages WHERE interception_id = i.id AND initiator_id = i.initiator_id
) AS calls
-- include: spent_on_it
ORDER BY p.started_at DESC, p.id DESC;

-- name: activity
-- When the matching ended interceptions began, and what they came to, one by one. $1 to $7: see interceptions_matching, $8: tools,
-- or NULL; $9: the length of a step, $10: where steps begin.
SELECT
    date_bin($9::interval, i.started_at, $10::timestamptz) AS starts_at,
    count(*) AS requests,
    count(*) FILTER (WHERE i.outcome IN ('failed', 'truncated', 'interrupted')) AS failures,
    count(*) FILTER (WHERE spent.unpriced) AS unpriced,
    coalesce(sum(spent.input_tokens), 0) AS input_tokens, coalesce(sum(spent.output_tokens), 0) AS output_tokens,
    coalesce(sum(spent.cache_read_input_tokens), 0) AS cache_read_input_tokens,
    coalesce(sum(spent.cache_write_input_tokens), 0) AS cache_write_input_tokens,
    coalesce(sum(spent.cost_micros), 0) AS cost_micros
FROM aibridge_interceptions AS i
-- include: spent_on_it
WHERE
-- include: interceptions_matching_calling
GROUP BY 1
ORDER BY 1;

-- name: values_matching
-- Which values the matching ended interceptions have, and how many have each, most first. $1 to $7: see interceptions_matching, $8:
-- tools, or NULL; $9: which values, $10: in lower case, what they or the names of users must hold, $11: at most so many.
SELECT v.value, v.name, count(*) AS requests
FROM aibridge_interceptions AS i
JOIN users AS u ON u.id = i.initiator_id
CROSS JOIN LATERAL (
    SELECT u.username AS value, u.name WHERE $9::text = 'user'
    UNION ALL SELECT i.provider_name, '' WHERE $9 = 'provider'
    UNION ALL SELECT i.model, '' WHERE $9 = 'model'
    UNION ALL SELECT i.client, '' WHERE $9 = 'client'
    UNION ALL SELECT i.outcome, '' WHERE $9 = 'status'
    UNION ALL SELECT DISTINCT tool, '' FROM aibridge_tool_usages
    WHERE $9 = 'tool' AND interception_id = i.id AND initiator_id = i.initiator_id
) AS v
WHERE
-- include: interceptions_matching_calling
AND ($10::text = '' OR strpos(lower(v.value), $10) > 0 OR strpos(lower(v.name), $10) > 0)
GROUP BY v.value, v.name
ORDER BY requests DESC, v.value
LIMIT $11;
