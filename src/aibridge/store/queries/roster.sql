-- name: roster_page
-- A page of users by name with their keys that work, and how many users there are in the same snapshot: a first row without a
-- user when the page is empty. $1: part of a name or address, `\`, `%` and `_` escaped, $2: deleted ones too?, $3: limit,
-- $4: offset.
WITH matching AS MATERIALIZED (
    SELECT id, username, name, email, role, status, created_at
    FROM users
    WHERE ($2 OR status <> 'deleted') AND (username ILIKE $1 OR name ILIKE $1 OR email ILIKE $1)
), page AS (
    SELECT * FROM matching ORDER BY status = 'deleted', username, created_at, id LIMIT $3 OFFSET $4
)
SELECT t.total, page.*, keys.keys, keys.last_used_at, keys.last_used_client
FROM (SELECT count(*) AS total FROM matching) AS t
LEFT JOIN page ON true
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())) AS keys,
        max(last_used_at) AS last_used_at,
        (array_agg(last_used_client ORDER BY last_used_at DESC NULLS LAST))[1] AS last_used_client
    FROM api_tokens WHERE user_id = page.id
) AS keys ON true
ORDER BY page.status = 'deleted', page.username, page.created_at, page.id;
