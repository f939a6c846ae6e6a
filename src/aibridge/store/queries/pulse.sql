-- name: session_pulse
-- How many interceptions a session has. $1: session id, $2: initiator.
SELECT interceptions FROM aibridge_sessions WHERE session_id = $1 AND initiator_id = $2;

-- name: first_arrival
-- What somebody sent first since a moment, a client's own chores last. $1: initiator, $2: since.
SELECT id, session_id, client, coalesce(metadata ->> 'client_version', '') AS client_version
FROM aibridge_interceptions
WHERE initiator_id = $1 AND started_at >= $2 AND ended_at IS NOT NULL
ORDER BY side_request, started_at, id
LIMIT 1;
