-- name: newly_ended
-- Up to $10 interceptions that ended after $9 and match; $1 to $8: see interceptions_matching_calling.
SELECT i.id FROM aibridge_interceptions AS i
WHERE
-- include: interceptions_matching_calling
AND i.ended_at > $9
LIMIT $10;
