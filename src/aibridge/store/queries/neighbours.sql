-- name: interception_newer
-- The matching ended interception that began next after another. $1 to $8: see interceptions_matching_calling; $9, $10: start and id
-- of the other.
SELECT i.id FROM aibridge_interceptions AS i
WHERE
-- include: interceptions_matching_calling
AND (i.started_at, i.id) > ($9::timestamptz, $10::uuid)
ORDER BY i.started_at, i.id
LIMIT 1;

-- name: session_newer
-- The matching session that was active next after another. $1 to $8: see sessions_matching; $9, $10, $11: last activity, id and
-- initiator of the other.
SELECT s.session_id, s.initiator_id FROM aibridge_sessions AS s
WHERE
-- include: sessions_matching
AND (s.last_active_at, s.session_id, s.initiator_id) > ($9::timestamptz, $10::text, $11::uuid)
ORDER BY s.last_active_at, s.session_id, s.initiator_id
LIMIT 1;

-- name: session_found_newer
-- The same of those in which a text is found that many interceptions hold. $1 to $15: see session_found; $16, $17, $18: the other.
WITH
-- include: sessions_found
SELECT s.session_id, s.initiator_id FROM matching AS s
WHERE (s.last_active_at, s.session_id, s.initiator_id) > ($16::timestamptz, $17::text, $18::uuid)
ORDER BY s.last_active_at, s.session_id, s.initiator_id
LIMIT 1;

-- name: session_walk_newer
-- The same, if it is among the next $19 that match otherwise.
SELECT w.session_id, w.initiator_id FROM (
    SELECT s.last_active_at, s.session_id, s.initiator_id FROM aibridge_sessions AS s
    WHERE
-- include: sessions_matching
    AND (s.last_active_at, s.session_id, s.initiator_id) > ($16::timestamptz, $17::text, $18::uuid)
    ORDER BY s.last_active_at, s.session_id, s.initiator_id
    LIMIT $19
) AS w
WHERE
-- include: session_holds
ORDER BY w.last_active_at, w.session_id, w.initiator_id
LIMIT 1;
