-- name: interception_newer
-- The matching ended interception that began next after another. $1 to $8: see interceptions_matching_calling; $9, $10: start and id
-- of the other.
SELECT i.id FROM aibridge_interceptions AS i
WHERE
-- include: interceptions_matching_calling
AND (i.started_at, i.id) > ($9::timestamptz, $10::uuid)
ORDER BY i.started_at, i.id
LIMIT 1;

-- name: session_older
-- The matching session that was active last before another. $1 to $7: see sessions_matching, $8: as in count_sessions; $9, $10, $11:
-- last activity, id and initiator of the other.
SELECT s.session_id, s.initiator_id FROM aibridge_sessions AS s
WHERE
-- include: sessions_matching
AND ($8::bigint[] IS NULL OR hashtextextended(s.session_id, uuid_hash_extended(s.initiator_id, 0)) = ANY ($8))
AND (s.last_active_at, s.session_id, s.initiator_id) < ($9::timestamptz, $10::text, $11::uuid)
ORDER BY s.last_active_at DESC, s.session_id DESC, s.initiator_id DESC
LIMIT 1;

-- name: session_newer
-- The same that was active next after the other.
SELECT s.session_id, s.initiator_id FROM aibridge_sessions AS s
WHERE
-- include: sessions_matching
AND ($8::bigint[] IS NULL OR hashtextextended(s.session_id, uuid_hash_extended(s.initiator_id, 0)) = ANY ($8))
AND (s.last_active_at, s.session_id, s.initiator_id) > ($9::timestamptz, $10::text, $11::uuid)
ORDER BY s.last_active_at, s.session_id, s.initiator_id
LIMIT 1;
