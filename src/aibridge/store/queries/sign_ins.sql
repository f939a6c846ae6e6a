-- name: sign_in
-- A browser is let in, as somebody who is active. $1: id, $2: SHA-256 of the cookie, $3: user, $4: user agent, $5: address,
-- $6: how long at most.
INSERT INTO sign_ins (id, secret_sha256, user_id, user_agent, address, expires_at)
SELECT $1, $2, id, $4, $5, now() + $6::interval FROM users WHERE id = $3 AND status = 'active'
RETURNING id;

-- name: find_sign_in
-- Who is signed in with this cookie; noted as seen, once a minute. $1: its SHA-256, $2: how long a browser may be idle.
WITH found AS (
    SELECT s.id, s.user_id, s.last_seen_at, u.username, u.name, u.role
    FROM sign_ins AS s JOIN users AS u ON u.id = s.user_id
    WHERE s.secret_sha256 = $1 AND s.expires_at > now() AND s.last_seen_at > now() - $2::interval AND u.status = 'active'
), seen AS (
    UPDATE sign_ins AS s SET last_seen_at = now()
    FROM found WHERE s.id = found.id AND found.last_seen_at < now() - interval '1 minute'
)
SELECT id, user_id, username, name, role FROM found;

-- name: role_of_sign_in
-- The role of whoever is signed in with this cookie, without its being noted: an open page is nobody's doing. $1: SHA-256 of the
-- cookie, $2: how long a browser may be idle.
SELECT u.role
FROM sign_ins AS s JOIN users AS u ON u.id = s.user_id
WHERE s.secret_sha256 = $1 AND s.expires_at > now() AND s.last_seen_at > now() - $2::interval AND u.status = 'active';

-- name: sign_ins_of
-- Where somebody is signed in, latest first. $1: user, $2: how long a browser may be idle.
SELECT id, user_agent, address, created_at, last_seen_at, expires_at
FROM sign_ins
WHERE user_id = $1 AND expires_at > now() AND last_seen_at > now() - $2::interval
ORDER BY last_seen_at DESC, id;

-- name: end_sign_in
-- Signs one browser out, and tells every replica in the same commit. $1: id, $2: whose.
WITH ended AS (DELETE FROM sign_ins WHERE id = $1 AND user_id = $2 RETURNING user_id)
SELECT pg_notify('aibridge_auth', 'user ' || user_id) FROM ended;

-- name: end_sign_ins_of
-- Signs somebody out everywhere, and tells every replica in the same commit. $1: user.
WITH ended AS (DELETE FROM sign_ins WHERE user_id = $1 RETURNING user_id)
SELECT pg_notify('aibridge_auth', 'user ' || user_id) FROM ended LIMIT 1;

-- name: count_tries
-- One more try for each of these subjects; how many there were since the first, and how long they count.
-- $1: subjects, $2: how long tries count.
INSERT INTO sign_in_tries AS t (subject, tries, since)
SELECT subject, 1, now() FROM unnest($1::text[]) AS subject ORDER BY subject
ON CONFLICT (subject) DO UPDATE SET
    tries = CASE WHEN t.since < now() - $2::interval THEN 1 ELSE t.tries + 1 END,
    since = CASE WHEN t.since < now() - $2::interval THEN now() ELSE t.since END
RETURNING subject, tries, since + $2::interval - now() AS remaining;

-- name: forgive_tries
-- A try was good: the first of these subjects begins anew, the others had one less. $1: subject to forget, $2: the others.
WITH forgotten AS (DELETE FROM sign_in_tries WHERE subject = $1)
UPDATE sign_in_tries SET tries = tries - 1 WHERE subject = ANY ($2::text[]) AND tries > 0;

-- name: forget_sign_ins
-- Removes what has ended by itself. $1: how long a browser may be idle, $2: how long tries count.
WITH ended AS (
    DELETE FROM sign_ins WHERE expires_at <= now() OR last_seen_at <= now() - $1::interval
), lapsed AS (
    DELETE FROM sign_in_links WHERE expires_at <= now()
)
DELETE FROM sign_in_tries WHERE since < now() - $2::interval;

-- name: make_link
-- A link that signs in. $1: SHA-256 of its secret, $2: as whom, NULL for the first owner, $3: how long it works.
INSERT INTO sign_in_links (secret_sha256, user_id, expires_at) VALUES ($1, $2, now() + $3::interval);

-- name: find_link
-- Whom a link signs in. $1: SHA-256 of its secret.
SELECT user_id FROM sign_in_links WHERE secret_sha256 = $1 AND expires_at > now();

-- name: is_welcome
-- Whether this link may make the first owner: it is one of those, and nobody has an account. $1: SHA-256 of its secret.
SELECT EXISTS (SELECT FROM sign_in_links WHERE secret_sha256 = $1 AND user_id IS NULL AND expires_at > now())
    AND NOT EXISTS (SELECT FROM users);

-- name: forget_welcomes
-- The first owner is there: no link makes another.
DELETE FROM sign_in_links WHERE user_id IS NULL;
