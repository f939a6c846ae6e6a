-- name: session_pulses
-- When the steps of these sessions ($1: ids, $2: initiators, side by side) were, as one of $3 equal parts of the session's time
-- each, how many subagents worked, and which model the main agent mostly asked. Where the main agent is nameless every name is a
-- subagent's; else those with a parent.
SELECT
    k.n::integer AS n,
    array_agg(
        least($3, width_bucket(extract(epoch FROM i.started_at), extract(epoch FROM s.started_at), extract(epoch FROM s.ended_at) + 0.001, $3))
    ) AS parts,
    CASE WHEN bool_or(i.agent_id IS NULL AND NOT i.side_request) THEN count(DISTINCT i.agent_id)
    ELSE count(DISTINCT i.agent_id) FILTER (WHERE i.parent_agent_id IS NOT NULL) END AS subagents,
    coalesce(
        mode() WITHIN GROUP (ORDER BY i.model) FILTER (WHERE i.agent_id IS NULL AND NOT i.side_request),
        mode() WITHIN GROUP (ORDER BY i.model) FILTER (WHERE i.parent_agent_id IS NULL AND NOT i.side_request)
    ) AS model
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k (session_id, initiator_id, n)
JOIN aibridge_sessions AS s ON s.session_id = k.session_id AND s.initiator_id = k.initiator_id AND s.ended_at >= s.started_at
JOIN aibridge_interceptions AS i
    ON i.session_id = k.session_id AND i.initiator_id = k.initiator_id AND i.ended_at IS NOT NULL
GROUP BY k.n;
