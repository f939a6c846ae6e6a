-- fragment: interceptions_matching
-- $1: the initiator, $2: or one of several, $3: session ids, $4: combinations, $5: started after, $6: started before, $7: only
-- these ids; NULL for no condition.
i.ended_at IS NOT NULL
AND ($1::uuid IS NULL OR i.initiator_id = $1)
AND ($2::uuid[] IS NULL OR i.initiator_id = ANY ($2))
AND ($3::text[] IS NULL OR i.session_id = ANY ($3))
AND ($4::bigint[] IS NULL OR i.combination = ANY ($4))
AND ($5::timestamptz IS NULL OR i.started_at >= $5)
AND ($6::timestamptz IS NULL OR i.started_at <= $6)
AND ($7::uuid[] IS NULL OR i.id = ANY ($7))

-- name: count_interceptions
-- How many ended interceptions match, one by one; the parameters are those of the fragment.
SELECT count(*) FROM aibridge_interceptions AS i
WHERE
-- include: interceptions_matching
;

-- name: count_calling
-- The same of those that called one of these tools ($8).
SELECT count(*) FROM aibridge_interceptions AS i
WHERE
-- include: interceptions_matching
AND i.id IN (
    SELECT interception_id FROM aibridge_tool_usages
    WHERE tool = ANY ($8::text[]) AND ($1 IS NULL OR initiator_id = $1)
);

-- name: sum_interceptions
-- How many ended interceptions of everyone match, from the counts. $1: tools, $2: combinations, $3: first day, $4: last day;
-- NULL for no condition.
SELECT coalesce(sum(interceptions), 0)::bigint FROM aibridge_interception_counts
WHERE tool_set = ANY (CASE WHEN $1::text[] IS NULL THEN '{0}' ELSE ARRAY(SELECT id FROM aibridge_tool_sets WHERE tool = ANY ($1)) END)
  AND ($2::bigint[] IS NULL OR combination = ANY ($2))
  AND CASE WHEN $3::date IS NULL AND $4::date IS NULL THEN day = '-infinity'
      ELSE day > '-infinity' AND ($3 IS NULL OR day >= $3) AND ($4 IS NULL OR day <= $4) END;

-- name: calling
-- Interceptions that called one of these tools ($1), in flight or not: of one initiator ($2), or of everyone with NULL. $3:
-- at most so many.
SELECT DISTINCT interception_id FROM aibridge_tool_usages
WHERE tool = ANY ($1::text[]) AND ($2::uuid IS NULL OR initiator_id = $2)
LIMIT $3;

-- fragment: interceptions_matching_calling
-- The same ($1 to $7), and the model called one of the tools $8; NULL for no condition.
-- include: interceptions_matching
AND (
    $8::text[] IS NULL
    OR EXISTS (
        SELECT FROM aibridge_tool_usages AS t
        WHERE t.interception_id = i.id AND t.initiator_id = i.initiator_id AND t.tool = ANY ($8)
    )
)

-- fragment: interceptions_on_page
-- Start and id of the matching ended interceptions, newest first. $1 to $7: see the fragment; $8: tools, or NULL; $9, $10: start
-- and id of the interception before the page, NULL at the beginning; $11: limit, $12: offset. All of it is found in the index.
page AS MATERIALIZED (
    SELECT i.started_at, i.id FROM aibridge_interceptions AS i
    WHERE
-- include: interceptions_matching_calling
    AND ($9::timestamptz IS NULL OR (i.started_at, i.id) < ($9, $10::uuid))
    ORDER BY i.started_at DESC, i.id DESC
    LIMIT $11 OFFSET $12
)

-- name: interceptions_page
-- The interceptions of a page, whole; the parameters are those of the fragment.
WITH
-- include: interceptions_on_page
SELECT i.*, u.username, u.name, u.avatar_url
FROM page AS p
JOIN aibridge_interceptions AS i ON i.id = p.id
JOIN users AS u ON u.id = i.initiator_id
ORDER BY p.started_at DESC, p.id DESC;

-- name: ids_on_page
-- Their ids alone, newest first; the parameters are those of the fragment.
WITH
-- include: interceptions_on_page
SELECT id FROM page ORDER BY started_at DESC, id DESC;
