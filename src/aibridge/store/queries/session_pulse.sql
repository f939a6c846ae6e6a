-- name: session_pulses
-- When the steps of these sessions ($1: ids, $2: initiators, side by side) were, as one of $3 equal parts of the session's time
-- each, how many subagents worked, how many threads these began (one that is told more, or asks again after a failure, begins
-- several), and which model the main agent mostly asked. What a subagent's thread is, store/origins.py says: its root names a
-- parent or says so itself, or has a name where the main agent has none.
SELECT
    k.n::integer AS n,
    array_agg(
        least($3, width_bucket(extract(epoch FROM i.started_at), extract(epoch FROM s.started_at), extract(epoch FROM s.ended_at) + 0.001, $3))
    ) AS parts,
    CASE WHEN bool_or(m.main) THEN count(DISTINCT m.agent) FILTER (WHERE m.below OR m.named)
    ELSE count(DISTINCT m.agent) FILTER (WHERE m.below) END AS subagents,
    CASE WHEN bool_or(m.main) THEN count(m.agent) FILTER (WHERE m.below OR m.named)
    ELSE count(m.agent) FILTER (WHERE m.below) END AS subagent_threads,
    coalesce(
        mode() WITHIN GROUP (ORDER BY i.model) FILTER (WHERE i.agent_id IS NULL AND NOT i.side_request),
        mode() WITHIN GROUP (ORDER BY i.model) FILTER (WHERE i.parent_agent_id IS NULL AND NOT i.side_request)
    ) AS model
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k (session_id, initiator_id, n)
JOIN aibridge_sessions AS s ON s.session_id = k.session_id AND s.initiator_id = k.initiator_id AND s.ended_at >= s.started_at
JOIN aibridge_interceptions AS i
    ON i.session_id = k.session_id AND i.initiator_id = k.initiator_id AND i.ended_at IS NOT NULL
CROSS JOIN LATERAL (
    SELECT
        i.parent_agent_id IS NOT NULL OR i.metadata @> '{"subagent": true}' AS below, i.agent_id IS NOT NULL AS named
) AS a
CROSS JOIN LATERAL (
    SELECT
        a.below, a.named, NOT i.side_request AND NOT a.below AND NOT a.named AS main,
        CASE WHEN i.thread_root_id IS NULL AND NOT i.side_request THEN coalesce(i.agent_id, i.id::text) END AS agent
) AS m
GROUP BY k.n;
