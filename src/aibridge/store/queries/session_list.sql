-- fragment: sessions_matching
-- s: a session. $1: the initiator, $2: or one of several, $3: session ids, $4: combinations, $5: tools, $6: started after, $7:
-- started before, $8: hashes, as in aibridge_search; NULL for no condition. Everything but the last resorts stands in the index: a
-- set too large to be on record (0) is looked at in the row, and where a bound of the window lies within the session's time, its
-- facets tell whether a matching combination was in use.
($1::uuid IS NULL OR s.initiator_id = $1)
AND ($2::uuid[] IS NULL OR s.initiator_id = ANY ($2))
AND ($3::text[] IS NULL OR s.session_id = ANY ($3))
AND (
    $4::bigint[] IS NULL
    OR s.combination_set IN (SELECT id FROM aibridge_combination_sets WHERE combination = ANY ($4))
    OR s.combination_set = 0 AND (
        SELECT own.combinations && $4 FROM aibridge_sessions AS own
        WHERE own.session_id = s.session_id AND own.initiator_id = s.initiator_id
    )
)
AND (
    $5::text[] IS NULL
    OR s.tool_set IN (SELECT id FROM aibridge_tool_sets WHERE tool = ANY ($5))
    OR s.tool_set = 0 AND (
        SELECT own.tools && $5 FROM aibridge_sessions AS own
        WHERE own.session_id = s.session_id AND own.initiator_id = s.initiator_id
    )
)
AND ($6::timestamptz IS NULL OR s.last_started_hour >= date_bin('1 hour', $6, '2000-01-01 00:00:00+00'))
AND ($7::timestamptz IS NULL OR s.started_at <= $7)
AND (
    ($6 IS NULL OR s.started_at >= $6)
    AND ($7 IS NULL OR s.last_started_hour < date_bin('1 hour', $7, '2000-01-01 00:00:00+00'))
    OR (
        SELECT true FROM aibridge_session_facets AS f
        WHERE f.session_id = s.session_id AND f.initiator_id = s.initiator_id
          AND ($4 IS NULL OR f.combination = ANY ($4))
          AND ($7 IS NULL OR f.first_started_at <= $7)
          AND ($6 IS NULL OR f.last_started_at >= $6)
        LIMIT 1
    )
)
AND (
    $8::bigint[] IS NULL
    OR
-- include: session_hash
    = ANY ($8)
)

-- fragment: session_hash
-- s: a session. How aibridge_search names it.
hashtextextended(s.session_id, uuid_hash_extended(s.initiator_id, 0))

-- name: count_sessions
-- How many sessions match; $1 to $8: see sessions_matching.
SELECT count(*) FROM aibridge_sessions AS s
WHERE
-- include: sessions_matching
;

-- fragment: session_shown
-- s: a session as it is shown; the rest comes with session_surroundings.
s.session_id, s.initiator_id, u.username, u.name, u.avatar_url, s.started_at, s.ended_at, s.last_active_at,
s.interceptions, s.threads, s.tool_calls, s.failures, s.input_tokens, s.output_tokens, s.cache_read_input_tokens,
s.cache_write_input_tokens, s.cost_micros, s.unpriced, s.first_prompt, s.last_prompt, i.client, i.metadata, c.providers, c.provider_names, c.models

-- fragment: session_surroundings
-- s: a session; u: whose it is, i: its first interception, c: what its combinations stand for.
JOIN users AS u ON u.id = s.initiator_id
LEFT JOIN aibridge_interceptions AS i ON i.id = s.first_interception_id AND i.initiator_id = s.initiator_id
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(DISTINCT provider), '{}') AS providers,
        coalesce(array_agg(DISTINCT provider_name), '{}') AS provider_names,
        coalesce(array_agg(DISTINCT model), '{}') AS models
    FROM aibridge_combinations WHERE id = ANY (s.combinations)
) AS c

-- name: sessions_page
-- The matching sessions, last active first. $1 to $8: see sessions_matching; $9, $10, $11: last activity, id and initiator of the
-- session before the page, NULL at the beginning; $12: limit, $13: offset. The page is found in the index alone, then read.
WITH page AS MATERIALIZED (
    SELECT s.last_active_at, s.session_id, s.initiator_id FROM aibridge_sessions AS s
    WHERE
-- include: sessions_matching
    AND ($9::timestamptz IS NULL OR (s.last_active_at, s.session_id, s.initiator_id) < ($9, $10::text, $11::uuid))
    ORDER BY s.last_active_at DESC, s.session_id DESC, s.initiator_id DESC
    LIMIT $12 OFFSET $13
)
SELECT
-- include: session_shown
FROM page AS p
JOIN aibridge_sessions AS s ON s.session_id = p.session_id AND s.initiator_id = p.initiator_id
-- include: session_surroundings
ORDER BY p.last_active_at DESC, p.session_id DESC, p.initiator_id DESC;

-- name: sessions_named
-- The sessions of this id ($1), last active first: of one initiator ($2), or of everyone with NULL.
SELECT session_id, initiator_id, last_active_at FROM aibridge_sessions
WHERE session_id = $1 AND ($2::uuid IS NULL OR initiator_id = $2)
ORDER BY last_active_at DESC, initiator_id DESC;

-- name: sessions_of
-- The ids of the sessions that ended interceptions of these combinations ($1) belong to, or, with NULL, those of these ids ($2).
SELECT DISTINCT session_id FROM aibridge_interceptions
WHERE ended_at IS NOT NULL AND ($1::bigint[] IS NULL OR combination = ANY ($1)) AND ($2::uuid[] IS NULL OR id = ANY ($2));

-- fragment: session_found
-- s: a session. Whether it matches and a text is found in it that many interceptions hold. $1 to $8: see sessions_matching, $9 to
-- $15: see search_found.
-- include: sessions_matching
AND
-- include: session_hash
IN (
-- include: search_sessions + 8
)

-- name: sessions_found_count
-- How many they are; $1 to $15: see session_found.
SELECT count(*) FROM aibridge_sessions AS s
WHERE
-- include: session_found
;

-- fragment: sessions_found
-- matching: all of them.
matching AS MATERIALIZED (
    SELECT
        s.last_active_at, s.session_id, s.initiator_id,
-- include: session_hash
        AS session
    FROM aibridge_sessions AS s
    WHERE
-- include: session_found
)

-- name: sessions_found_page
-- How many they are, and which stand on a page, in no order; a single row without any where the page is empty. $1 to $15: see
-- session_found; $16, $17, $18: the session before the page, $19: limit, $20: offset.
WITH
-- include: sessions_found
SELECT t.total, p.session_id, p.initiator_id, p.session
FROM (SELECT count(*) AS total FROM matching) AS t
LEFT JOIN (
    SELECT * FROM matching AS s
    WHERE $16::timestamptz IS NULL OR (s.last_active_at, s.session_id, s.initiator_id) < ($16, $17::text, $18::uuid)
    ORDER BY s.last_active_at DESC, s.session_id DESC, s.initiator_id DESC
    LIMIT $19 OFFSET $20
) AS p ON true;

-- fragment: session_holds
-- w: a session. Whether a text is found in it; $9 to $15: see search_found. What the index of words is asked for is few rows: those
-- of this session.
(
    EXISTS (
        SELECT FROM aibridge_search AS s
        WHERE
-- include: search_words
        @@ (
            $9::text || ' & ''$' || hashtextextended(w.session_id, 0) || ''' & ''@' || w.initiator_id || ''''
        )::tsquery
        AND
-- include: search_beside_words + 8
    )
    OR EXISTS (
        SELECT FROM aibridge_interceptions AS i
        WHERE $15::uuid[] IS NOT NULL AND i.id = ANY ($15) AND i.session_id = w.session_id AND i.initiator_id = w.initiator_id
    )
)

-- name: sessions_walk_count
-- In how many sessions that match otherwise a text is found, looked at one by one, and how many these were: $16 at most. $1 to $15:
-- see session_found.
SELECT count(*) FILTER (WHERE k.holds) AS held, count(*) AS passed FROM (
    SELECT
-- include: session_holds
        AS holds
    FROM (
        SELECT s.session_id, s.initiator_id FROM aibridge_sessions AS s
        WHERE
-- include: sessions_matching
        LIMIT $16
    ) AS w
) AS k;

-- name: sessions_walk
-- A page of what sessions_found_page finds, but for the order and the total, if it is found among the next $21 that match
-- otherwise; $16 to $20: see there.
SELECT w.session_id, w.initiator_id, w.session FROM (
    SELECT
        s.last_active_at, s.session_id, s.initiator_id,
-- include: session_hash
        AS session
    FROM aibridge_sessions AS s
    WHERE
-- include: sessions_matching
    AND ($16::timestamptz IS NULL OR (s.last_active_at, s.session_id, s.initiator_id) < ($16, $17::text, $18::uuid))
    ORDER BY s.last_active_at DESC, s.session_id DESC, s.initiator_id DESC
    LIMIT $21
) AS w
WHERE
-- include: session_holds
ORDER BY w.last_active_at DESC, w.session_id DESC, w.initiator_id DESC
LIMIT $19 OFFSET $20;
