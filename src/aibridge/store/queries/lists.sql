-- name: combinations_matching
-- The ids of the combinations that have these values: any of each list, NULL for no condition. $1: providers, $2: provider
-- names, $3: models, $4: clients, $5: outcomes, $6: error types, $7: credential kinds, $8: credential types.
SELECT DISTINCT id FROM aibridge_combinations
WHERE ($1::text[] IS NULL OR provider = ANY ($1))
  AND ($2::text[] IS NULL OR provider_name = ANY ($2))
  AND ($3::text[] IS NULL OR model = ANY ($3))
  AND ($4::text[] IS NULL OR client = ANY ($4))
  AND ($5::text[] IS NULL OR outcome = ANY ($5))
  AND ($6::text[] IS NULL OR error_type = ANY ($6))
  AND ($7::text[] IS NULL OR credential_kind = ANY ($7))
  AND ($8::text[] IS NULL OR credential_type = ANY ($8));

-- fragment: sessions_matching
-- $1: the initiator, $2: or one of several, $3: session ids, $4: combinations, $5: tools, $6: started after, $7: started
-- before; NULL for no condition. Everything but the last resorts stands in the index: a set too large to be on record (0) is
-- looked at in the row, and where a bound of the window lies within the session's time, its facets tell whether a matching
-- combination was in use.
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

-- name: count_sessions
-- How many sessions match; the parameters are those of the fragment, and $8: only these, as aibridge_search.session.
SELECT count(*) FROM aibridge_sessions AS s
WHERE
-- include: sessions_matching
AND ($8::bigint[] IS NULL OR hashtextextended(s.session_id, uuid_hash_extended(s.initiator_id, 0)) = ANY ($8));

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
-- The matching sessions, last active first. $1 to $7: see the fragment; $8, $9, $10: last activity, id and initiator of the
-- session before the page, NULL at the beginning; $11: limit, $12: offset; $13: as $8 of count_sessions. The page is found in the
-- index alone, then read.
WITH page AS MATERIALIZED (
    SELECT s.last_active_at, s.session_id, s.initiator_id FROM aibridge_sessions AS s
    WHERE
-- include: sessions_matching
    AND ($8::timestamptz IS NULL OR (s.last_active_at, s.session_id, s.initiator_id) < ($8, $9::text, $10::uuid))
    AND ($13::bigint[] IS NULL OR hashtextextended(s.session_id, uuid_hash_extended(s.initiator_id, 0)) = ANY ($13))
    ORDER BY s.last_active_at DESC, s.session_id DESC, s.initiator_id DESC
    LIMIT $11 OFFSET $12
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

-- name: sessions_of
-- The ids of the sessions that ended interceptions of these combinations ($1) belong to, or, with NULL, those of these ids ($2).
SELECT DISTINCT session_id FROM aibridge_interceptions
WHERE ended_at IS NOT NULL AND ($1::bigint[] IS NULL OR combination = ANY ($1)) AND ($2::uuid[] IS NULL OR id = ANY ($2));

-- name: read_by_index
-- Until the transaction ends, plans walk through indexes: how many rows a list's conditions leave is estimated too badly for
-- anything else, and a walk is never bad.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
