-- name: register_gateway
-- A worker process has started. $1: id, $2: host name, $3: process id, $4: version.
INSERT INTO aibridge_gateways (id, hostname, pid, version, started_at, heartbeat_at)
VALUES ($1, $2, $3, $4, now(), now())
ON CONFLICT (id) DO UPDATE SET heartbeat_at = now(), retired_at = NULL;

-- name: heartbeat
-- This worker lives, by the database's clock; one that was taken for retired is not. Returns nothing for an unknown one.
UPDATE aibridge_gateways SET heartbeat_at = now(), retired_at = NULL WHERE id = $1 RETURNING id;

-- name: retire_gateway
-- This worker has ended in good order: whatever it leaves open may be closed at once.
UPDATE aibridge_gateways SET retired_at = now(), heartbeat_at = now() WHERE id = $1;

-- name: close_orphans
-- Ends up to $3 open interceptions of gateways that are retired or silent for longer than $2 (by the database's clock), as
-- interrupted at the last sign of life; never those of the gateway $1 itself. What somebody else is just ending or closing
-- is skipped. Returns the sessions that now count them.
UPDATE aibridge_interceptions AS i
SET ended_at = greatest(i.started_at, o.heartbeat_at), outcome = 'interrupted', partial = true,
    error_type = 'unknown', error_message = 'the gateway stopped before the answer had ended'
FROM (
    SELECT open.id, open.initiator_id, g.heartbeat_at
    FROM aibridge_gateways AS g
    JOIN aibridge_interceptions AS open ON open.gateway_id = g.id AND open.ended_at IS NULL
    WHERE g.id <> $1 AND (g.retired_at IS NOT NULL OR g.heartbeat_at < now() - $2::interval)
    LIMIT $3
    FOR UPDATE OF open SKIP LOCKED
) AS o
WHERE i.id = o.id AND i.initiator_id = o.initiator_id
RETURNING i.id, i.session_id, i.initiator_id;

-- name: forget_gateways
-- Removes gateways that ended more than a day ago and have left nothing open.
DELETE FROM aibridge_gateways AS g
WHERE g.heartbeat_at < now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM aibridge_interceptions AS i WHERE i.gateway_id = g.id AND i.ended_at IS NULL);
