-- name: create_user
-- A new user. $1: id, $2: username, $3: name, $4: email, $5: avatar, $6: role, $7: password hash.
INSERT INTO users (id, username, name, email, avatar_url, role, password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at;

-- name: list_users
-- Everyone by name, deleted users last. $1: deleted ones too?
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
FROM users
WHERE $1 OR status <> 'deleted'
ORDER BY status = 'deleted', username, created_at;

-- name: users_page
-- A page of users by name, deleted ones last, and how many there are in the same snapshot: a first row without a user when
-- the page is empty. $1: the only one who counts, or NULL for everyone, $2: deleted ones too?, $3: limit, $4: offset.
WITH matching AS MATERIALIZED (
    SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
    FROM users
    WHERE ($1::uuid IS NULL OR id = $1) AND ($2 OR status <> 'deleted')
), page AS (
    SELECT * FROM matching ORDER BY status = 'deleted', username, created_at, id LIMIT $3 OFFSET $4
)
SELECT t.total, page.*
FROM (SELECT count(*) AS total FROM matching) AS t LEFT JOIN page ON true
ORDER BY page.status = 'deleted', page.username, page.created_at, page.id;

-- name: find_user_by_id
-- One user, whatever the status.
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
FROM users WHERE id = $1;

-- name: find_user_by_name
-- The user who bears this name now; a deleted user bears none.
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
FROM users WHERE username = $1 AND status <> 'deleted';

-- name: find_bearers
-- Who bears this name ($1); where nobody does, those who bore it when they were deleted: several, where it was given again.
SELECT id FROM users AS u
WHERE username = $1
  AND (status <> 'deleted' OR NOT EXISTS (SELECT FROM users WHERE username = $1 AND status <> 'deleted'))
ORDER BY id;

-- name: find_user_to_sign_in
-- The user who bears this name now, else the only one with this address, in upper or lower case. $1: either of them.
WITH named AS (
    SELECT * FROM users WHERE username = lower($1) AND status <> 'deleted'
), addressed AS (
    SELECT * FROM users WHERE lower(email) = lower($1) AND status <> 'deleted' AND NOT EXISTS (SELECT FROM named)
)
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at FROM named
UNION ALL
SELECT id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at FROM addressed
WHERE (SELECT count(*) FROM addressed) = 1;

-- name: lock_owners
-- One at a time may take an owner away: held until the transaction ends. $1: the key of the lock.
SELECT pg_advisory_xact_lock($1);

-- name: is_last_owner
-- Whether this user is the only active owner. Sure to stay so only under `lock_owners`, in a statement of its own, which
-- sees what the one before has committed. $1: id.
SELECT EXISTS (SELECT FROM users WHERE id = $1 AND role = 'owner' AND status = 'active')
    AND NOT EXISTS (SELECT FROM users WHERE id <> $1 AND role = 'owner' AND status = 'active');

-- name: change_user
-- Changes what is given of a user, and tells every replica in the same commit; who is not active is signed out. A deleted
-- user stays so: the name may be someone else's by now. $1: id, $2: name, $3: change the email?, $4: email, $5: avatar,
-- $6: role, $7: status; NULL leaves things as they are, but for $4.
WITH changed AS (
    UPDATE users SET
        name = coalesce($2, name),
        email = CASE WHEN $3 THEN $4 ELSE email END,
        avatar_url = coalesce($5, avatar_url),
        role = coalesce($6, role),
        status = coalesce($7, status),
        password_hash = CASE WHEN $7 = 'deleted' THEN NULL ELSE password_hash END,
        updated_at = now()
    WHERE id = $1 AND status <> 'deleted'
    RETURNING id, username, name, email, avatar_url, role, status, password_hash, created_at, updated_at
), signed_out AS (
    DELETE FROM sign_ins USING changed WHERE user_id = changed.id AND changed.status <> 'active'
), told AS MATERIALIZED (
    SELECT pg_notify('aibridge_auth', 'user ' || id) FROM changed
)
SELECT changed.* FROM changed, told;

-- name: revoke_tokens_of
-- Revokes what a deleted user has left. In a statement after the deletion, so that it sees a token made meanwhile. $1: user.
UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL;

-- name: set_password_hash
-- Sets or, with NULL, removes a password; signs the user out everywhere, and tells every replica in the same commit.
-- $1: id, $2: hash.
WITH changed AS (
    UPDATE users SET password_hash = $2, updated_at = now() WHERE id = $1 AND status <> 'deleted' RETURNING id
), signed_out AS (
    DELETE FROM sign_ins USING changed WHERE user_id = changed.id
), told AS MATERIALIZED (
    SELECT pg_notify('aibridge_auth', 'user ' || id) FROM changed
)
SELECT changed.id FROM changed, told;

-- name: renew_password_hash
-- The same password, hashed as it is done today; nobody is signed out. $1: id, $2: hash, $3: the hash so far.
UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3;

-- name: create_token
-- A new token of a live user, who is not deleted meanwhile. $1: id, $2: user, $3: name, $4: SHA-256 of the secret,
-- $5: scopes, $6: end.
WITH live AS MATERIALIZED (
    SELECT id, username, name FROM users WHERE id = $2 AND status <> 'deleted' FOR SHARE
), made AS (
    INSERT INTO api_tokens (id, user_id, name, secret_sha256, scopes, expires_at)
    SELECT $1, live.id, $3, $4, $5, $6 FROM live
    RETURNING id, user_id, name, scopes, created_at, expires_at, revoked_at, last_used_at, last_used_client
)
SELECT made.*, live.username, live.name AS display_name FROM made, live;

-- name: list_tokens
-- The tokens of a user ($1), or of everyone with NULL, newest first.
SELECT
    t.id, t.user_id, u.username, u.name AS display_name, t.name, t.scopes, t.created_at, t.expires_at, t.revoked_at,
    t.last_used_at, t.last_used_client
FROM api_tokens AS t JOIN users AS u ON u.id = t.user_id
WHERE $1::uuid IS NULL OR t.user_id = $1
ORDER BY t.created_at DESC, t.id;

-- name: tokens_page
-- A page of tokens, newest first, and how many there are in the same snapshot: a first row without a token when the page is
-- empty. $1: whose, or NULL for everyone's, $2: limit, $3: offset.
WITH matching AS MATERIALIZED (
    SELECT
        t.id, t.user_id, u.username, u.name AS display_name, t.name, t.scopes, t.created_at, t.expires_at, t.revoked_at,
        t.last_used_at, t.last_used_client
    FROM api_tokens AS t JOIN users AS u ON u.id = t.user_id
    WHERE $1::uuid IS NULL OR t.user_id = $1
), page AS (
    SELECT * FROM matching ORDER BY created_at DESC, id LIMIT $2 OFFSET $3
)
SELECT t.total, page.*
FROM (SELECT count(*) AS total FROM matching) AS t LEFT JOIN page ON true
ORDER BY page.created_at DESC, page.id;

-- name: show_token
-- One token as its owner sees it. $1: id.
SELECT
    t.id, t.user_id, u.username, u.name AS display_name, t.name, t.scopes, t.created_at, t.expires_at, t.revoked_at,
    t.last_used_at, t.last_used_client
FROM api_tokens AS t JOIN users AS u ON u.id = t.user_id
WHERE t.id = $1;

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
