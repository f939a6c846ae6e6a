-- name: alone_at_removing
-- Whether this transaction is the only one that removes what has grown old; the key is "aibrkeep" in ASCII.
SELECT pg_try_advisory_xact_lock(7019267260044502384);

-- name: hold_aged
-- Up to $2 ended interceptions that began longer ago than $1 (by the database's clock), held: of the sessions of the oldest
-- ones, one session after the other, so that a long one is not computed anew each time a batch takes a little of it. What
-- somebody else holds is left for the next time.
WITH oldest AS MATERIALIZED (
    SELECT session_id, initiator_id, started_at FROM aibridge_interceptions
    WHERE started_at < now() - $1::interval AND ended_at IS NOT NULL
    ORDER BY started_at, id
    LIMIT $2
), sessions AS MATERIALIZED (
    SELECT session_id, initiator_id FROM oldest GROUP BY session_id, initiator_id ORDER BY min(started_at)
)
SELECT i.id, i.session_id, i.initiator_id
FROM sessions AS s
CROSS JOIN LATERAL (
    SELECT id, session_id, initiator_id FROM aibridge_interceptions
    WHERE session_id = s.session_id AND initiator_id = s.initiator_id AND ended_at IS NOT NULL
      AND started_at < now() - $1
    FOR UPDATE SKIP LOCKED
) AS i
LIMIT $2;

-- name: hold_aged_in_flight
-- The same of those that are in flight still: as many as requests under way.
SELECT id, session_id, initiator_id FROM aibridge_interceptions
WHERE started_at < now() - $1::interval AND ended_at IS NULL
LIMIT $2
FOR UPDATE SKIP LOCKED;

-- name: hold_of_user
-- Up to $2 ended interceptions of this user ($1), held, one session after the other as in hold_aged.
WITH oldest AS MATERIALIZED (
    SELECT session_id, started_at FROM aibridge_interceptions
    WHERE initiator_id = $1 AND ended_at IS NOT NULL
    ORDER BY started_at, id
    LIMIT $2
), sessions AS MATERIALIZED (
    SELECT session_id FROM oldest GROUP BY session_id ORDER BY min(started_at)
)
SELECT i.id, i.session_id, i.initiator_id
FROM sessions AS s
CROSS JOIN LATERAL (
    SELECT id, session_id, initiator_id FROM aibridge_interceptions
    WHERE session_id = s.session_id AND initiator_id = $1 AND ended_at IS NOT NULL
    FOR UPDATE
) AS i
LIMIT $2;

-- name: hold_of_user_in_flight
-- The same of those that are in flight: their ends will find nothing to write to.
SELECT id, session_id, initiator_id FROM aibridge_interceptions
WHERE initiator_id = $1 AND ended_at IS NULL
LIMIT $2
FOR UPDATE;

-- name: hold_of_session
-- Up to $3 ended interceptions of this session ($1: its id, $2: its initiator), held.
SELECT id, session_id, initiator_id FROM aibridge_interceptions
WHERE session_id = $1 AND initiator_id = $2 AND ended_at IS NOT NULL
LIMIT $3
FOR UPDATE;

-- name: hold_of_session_in_flight
-- The same of those that are in flight.
SELECT id, session_id, initiator_id FROM aibridge_interceptions
WHERE session_id = $1 AND initiator_id = $2 AND ended_at IS NULL
LIMIT $3
FOR UPDATE;

-- name: initiators_in_session
-- Who has anything on record under this session id ($1), in flight or not: of one initiator ($2), or of everyone with NULL.
SELECT initiator_id FROM aibridge_interceptions
WHERE session_id = $1 AND ended_at IS NOT NULL AND ($2::uuid IS NULL OR initiator_id = $2)
UNION
SELECT initiator_id FROM aibridge_interceptions
WHERE session_id = $1 AND ended_at IS NULL AND ($2 IS NULL OR initiator_id = $2);

-- name: remove_interceptions
-- Removes these interceptions ($1: uuid[]), which are held, with all that belongs to them; returns how many rows of each kind.
WITH token_usages AS (
    DELETE FROM aibridge_token_usages WHERE interception_id = ANY ($1::uuid[]) RETURNING 1
), user_prompts AS (
    DELETE FROM aibridge_user_prompts WHERE interception_id = ANY ($1) RETURNING 1
), tool_usages AS (
    DELETE FROM aibridge_tool_usages WHERE interception_id = ANY ($1) RETURNING 1
), model_thoughts AS (
    DELETE FROM aibridge_model_thoughts WHERE interception_id = ANY ($1) RETURNING 1
), model_answers AS (
    DELETE FROM aibridge_model_answers WHERE interception_id = ANY ($1) RETURNING 1
), tool_results AS (
    DELETE FROM aibridge_tool_results WHERE interception_id = ANY ($1) RETURNING 1
), words AS (
    DELETE FROM aibridge_search WHERE interception_id = ANY ($1)
), queued AS (
    DELETE FROM aibridge_search_queue WHERE interception_id = ANY ($1)
), interceptions AS (
    DELETE FROM aibridge_interceptions WHERE id = ANY ($1) RETURNING 1
)
SELECT
    (SELECT count(*) FROM interceptions) AS interceptions, (SELECT count(*) FROM token_usages) AS token_usages,
    (SELECT count(*) FROM user_prompts) AS user_prompts, (SELECT count(*) FROM tool_usages) AS tool_usages,
    (SELECT count(*) FROM model_thoughts) AS model_thoughts,
    (SELECT count(*) FROM model_answers) AS model_answers, (SELECT count(*) FROM tool_results) AS tool_results;

-- name: preview_removal
-- What removing everything that began longer ago than $1 would take, and what would stay. By the database's clock.
WITH aged AS MATERIALIZED (
    SELECT id FROM aibridge_interceptions WHERE started_at < now() - $1::interval
)
SELECT
    now() - $1 AS cutoff,
    (SELECT count(*) FROM aged) AS interceptions,
    (SELECT count(*) FROM aibridge_token_usages WHERE interception_id IN (SELECT id FROM aged)) AS token_usages,
    (SELECT count(*) FROM aibridge_user_prompts WHERE interception_id IN (SELECT id FROM aged)) AS user_prompts,
    (SELECT count(*) FROM aibridge_tool_usages WHERE interception_id IN (SELECT id FROM aged)) AS tool_usages,
    (SELECT count(*) FROM aibridge_model_thoughts WHERE interception_id IN (SELECT id FROM aged)) AS model_thoughts,
    (SELECT count(*) FROM aibridge_model_answers WHERE interception_id IN (SELECT id FROM aged)) AS model_answers,
    (SELECT count(*) FROM aibridge_tool_results WHERE interception_id IN (SELECT id FROM aged)) AS tool_results,
    (SELECT count(*) FROM aibridge_sessions WHERE last_started_at < now() - $1) AS sessions,
    (SELECT count(*) FROM aibridge_sessions WHERE started_at < now() - $1 AND last_started_at >= now() - $1)
        AS shortened_sessions,
    (SELECT min(started_at) FROM aibridge_interceptions WHERE ended_at IS NOT NULL) AS oldest,
    (SELECT count(*) FROM aibridge_interceptions WHERE started_at >= now() - $1) AS kept;

-- name: glance_at_aged
-- How many ended interceptions began longer ago than $1, counted up to $2, and when the oldest on record began: what the index
-- of the newest tells at once, however much has grown old.
SELECT
    now() - $1::interval AS cutoff,
    (
        SELECT count(*) FROM (
            SELECT FROM aibridge_interceptions WHERE ended_at IS NOT NULL AND started_at < now() - $1 LIMIT $2
        ) AS aged
    ) AS interceptions,
    (SELECT min(started_at) FROM aibridge_interceptions WHERE ended_at IS NOT NULL) AS oldest;

-- name: begin_erasure
-- An erasure begins. $1: its id, $2: by whom, $3: whose record, $4: id of the one session, or NULL for everything.
INSERT INTO aibridge_erasures (id, erased_by, user_id, session_sha256)
VALUES ($1, $2, $3, sha256(convert_to($4::text, 'UTF8')));

-- name: note_erased
-- Adds what the transaction removed to its erasure. $1: the erasure, $2 to $8: rows of each kind.
UPDATE aibridge_erasures SET
    interceptions = interceptions + $2, token_usages = token_usages + $3, user_prompts = user_prompts + $4,
    tool_usages = tool_usages + $5, model_thoughts = model_thoughts + $6,
    model_answers = model_answers + $7, tool_results = tool_results + $8
WHERE id = $1;

-- name: end_erasure
-- An erasure ($1) is complete.
UPDATE aibridge_erasures SET ended_at = now() WHERE id = $1;

-- name: anonymise_user
-- Takes everything that tells who a deleted user ($1) was; the id stays, for what others must not lose.
WITH tokens AS (
    UPDATE api_tokens SET name = '', last_used_client = NULL WHERE user_id = $1
)
UPDATE users SET
    username = 'erased-' || left(replace(id::text, '-', ''), 12), name = '', email = NULL, avatar_url = '', password_hash = NULL,
    updated_at = now()
WHERE id = $1 AND status = 'deleted';
