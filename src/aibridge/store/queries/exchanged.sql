-- name: results_of_calls
-- What came back for the calls ($3: ids as the provider gave them) of a step of a session ($1: id, $2: initiator) that began at $4: of each
-- the first, as a client that tries again brings it again. An id may be used again later: the next call of it is after what this one got.
SELECT DISTINCT ON (r.provider_tool_call_id)
    r.provider_tool_call_id, r.interception_id, r.id, r.content, r.is_error, r.metadata
FROM aibridge_interceptions AS i
JOIN aibridge_tool_results AS r ON r.interception_id = i.id AND r.initiator_id = i.initiator_id
WHERE i.session_id = $1 AND i.initiator_id = $2 AND i.ended_at IS NOT NULL AND i.started_at >= $4
  AND r.provider_tool_call_id = ANY ($3::text[])
ORDER BY r.provider_tool_call_id, i.started_at, i.id, r.id;

-- name: calls_of_results
-- The calls ($2: ids as the provider gave them) of an initiator ($1) for which a request that began at $3 brought results: of each the
-- last before.
SELECT DISTINCT ON (t.provider_tool_call_id) t.provider_tool_call_id, t.interception_id, t.tool
FROM aibridge_tool_usages AS t
JOIN aibridge_interceptions AS i ON i.id = t.interception_id AND i.initiator_id = t.initiator_id
WHERE t.initiator_id = $1 AND t.provider_tool_call_id = ANY ($2::text[]) AND i.started_at < $3 AND i.ended_at IS NOT NULL
ORDER BY t.provider_tool_call_id, t.created_at DESC, t.id DESC;

-- name: failed_results
-- Of the steps of a session ($1: id, $2: initiator) those whose calls came back with an error: how many of them, but for those that the
-- gateway made itself, and what the first of these results begins with ($3: characters). Sent again, a result counts once.
SELECT failed.interception_id AS id, count(*) AS calls, (array_agg(failed.said ORDER BY failed.started_at, failed.result_id))[1] AS said
FROM (
    SELECT DISTINCT ON (t.interception_id, t.id)
        t.interception_id, t.id, i.started_at, r.id AS result_id, left(r.content, $3) AS said
    FROM aibridge_interceptions AS i
    JOIN aibridge_tool_results AS r ON r.interception_id = i.id AND r.initiator_id = i.initiator_id AND r.is_error
    CROSS JOIN LATERAL (
        SELECT u.interception_id, u.id, u.invocation_error FROM aibridge_tool_usages AS u
        JOIN aibridge_interceptions AS caller ON caller.id = u.interception_id AND caller.initiator_id = u.initiator_id
        WHERE u.initiator_id = i.initiator_id AND u.provider_tool_call_id = r.provider_tool_call_id
          AND caller.started_at < i.started_at
        ORDER BY u.created_at DESC, u.id DESC
        LIMIT 1
    ) AS t
    WHERE i.session_id = $1 AND i.initiator_id = $2 AND i.ended_at IS NOT NULL AND coalesce(t.invocation_error, '') = ''
    ORDER BY t.interception_id, t.id, i.started_at, i.id, r.id
) AS failed
GROUP BY failed.interception_id;
