-- name: create_user
-- A new user. $1: id, $2: username, $3: name, $4: email, $5: role, $6: password hash.
INSERT INTO users (id, username, name, email, role, password_hash) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at;

-- name: list_users
-- Everyone by name, deleted users last. $1: deleted ones too?
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
FROM users
WHERE $1 OR status <> 'deleted'
ORDER BY status = 'deleted', username, created_at;

-- name: find_user_by_id
-- One user, whatever the status.
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
FROM users WHERE id = $1;

-- name: find_user_by_name
-- The user who bears this name now; a deleted user bears none.
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
FROM users WHERE username = $1 AND status <> 'deleted';

-- name: set_user_status
-- Activates, suspends or deletes a user, and tells every replica in the same commit. $1: id, $2: status. A deleted user
-- stays so: the name may be someone else's by now.
WITH changed AS (
    UPDATE users SET status = $2, updated_at = now() WHERE id = $1 AND status <> 'deleted'
    RETURNING id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
), told AS MATERIALIZED (
    SELECT pg_notify('aibridge_auth', 'user ' || id) FROM changed
)
SELECT changed.* FROM changed, told;

-- name: set_user_role
-- Gives a user a role, and tells every replica in the same commit. $1: id, $2: role.
WITH changed AS (
    UPDATE users SET role = $2, updated_at = now() WHERE id = $1 AND status <> 'deleted'
    RETURNING id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
), told AS MATERIALIZED (
    SELECT pg_notify('aibridge_auth', 'user ' || id) FROM changed
)
SELECT changed.* FROM changed, told;

-- name: set_password_hash
-- Sets or, with NULL, removes a password. $1: id, $2: hash.
UPDATE users SET password_hash = $2, updated_at = now() WHERE id = $1 AND status <> 'deleted' RETURNING id;

-- name: create_token
-- A new token of a live user. $1: id, $2: user, $3: name, $4: SHA-256 of the secret, $5: scopes, $6: end.
INSERT INTO api_tokens (id, user_id, name, secret_sha256, scopes, expires_at)
SELECT $1, u.id, $3, $4, $5, $6 FROM users AS u WHERE u.id = $2 AND u.status <> 'deleted'
RETURNING id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_at, last_used_client;

-- name: list_tokens
-- The tokens of a user ($1), or of everyone with NULL, newest first.
SELECT
    t.id, t.user_id, u.username, t.name, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.last_used_at,
    t.last_used_client
FROM api_tokens AS t JOIN users AS u ON u.id = t.user_id
WHERE $1::uuid IS NULL OR t.user_id = $1
ORDER BY t.created_at DESC, t.id;

-- name: revoke_token
-- Revokes a token, and tells every replica in the same commit. $1: id, $2: its user, or NULL for whoever's it is.
WITH changed AS (
    UPDATE api_tokens SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2)
    RETURNING id
)
SELECT pg_notify('aibridge_auth', 'token ' || id) FROM changed;

-- name: find_token
-- What has to be known of a token to let its bearer in.
SELECT
    t.id, t.secret_sha256, t.scopes, t.expires_at, t.revoked_at,
    u.id AS user_id, u.username, u.name, u.role, u.status
FROM api_tokens AS t JOIN users AS u ON u.id = t.user_id
WHERE t.id = $1;

-- name: touch_tokens
-- When and by which client tokens were last used. $1: ids, $2: times, $3: clients, in step.
UPDATE api_tokens AS t
SET last_used_at = greatest(t.last_used_at, n.used_at), last_used_client = coalesce(n.client, t.last_used_client)
FROM unnest($1::text[], $2::timestamptz[], $3::text[]) AS n (id, used_at, client)
WHERE t.id = n.id;
