-- fragment: search_texts
-- Every text that is searched, x, of whatever interception: each counts with its first 65,536 characters.
(
    SELECT interception_id, 1 AS kind, 'prompt' AS found_in, created_at, id, left(prompt, 65536) AS said
    FROM aibridge_user_prompts
    UNION ALL
    SELECT interception_id, 2, 'tool_result', created_at, id, left(content, 65536) FROM aibridge_tool_results
    UNION ALL
    SELECT interception_id, 3, 'thought', created_at, id, left(content, 65536) FROM aibridge_model_thoughts
    UNION ALL
    SELECT interception_id, 4, 'answer', created_at, id, left(content, 65536) FROM aibridge_model_answers
    UNION ALL
    SELECT interception_id, 5, 'tool', created_at, id, left(tool, 65536) FROM aibridge_tool_usages
    UNION ALL
    SELECT interception_id, 6, 'tool_input', created_at, id, left(input, 65536) FROM aibridge_tool_usages
    UNION ALL
    SELECT id, 7, 'error', ended_at, id, left(error_message, 65536) FROM aibridge_interceptions
    WHERE error_message IS NOT NULL
) AS x

-- fragment: search_said
-- x: texts of one interception; their words and its tools. In JSON, a line break is written as \n and begins no word.
string_agg(
    nullif(aibridge_words(CASE
        WHEN x.kind = 6 AND strpos(x.said, '\') > 0 THEN regexp_replace(x.said, '\\[\\bfnrt]', '  ', 'g')
        ELSE x.said END), ''),
    ' | ' ORDER BY x.kind, x.id
) AS words,
string_agg(DISTINCT ' #' || hashtextextended(x.said, 0), '') FILTER (WHERE x.kind = 5) AS tools

-- fragment: search_row
-- i: an ended interception, t: what it says; s: its row of aibridge_search. All words together count with 240,000 characters: less
-- than a tsvector can hold.
CROSS JOIN LATERAL (
    SELECT left(
        ' @' || i.initiator_id || ' $' || hashtextextended(i.session_id, 0) || coalesce(t.tools, '') || ' | '
            || coalesce(t.words, ''),
        240000
    ) || ' ' AS words
) AS d
CROSS JOIN LATERAL (
    SELECT
        i.id AS interception_id, i.initiator_id, i.started_at, i.combination,
        hashtextextended(i.session_id, uuid_hash_extended(i.initiator_id, 0)) AS session,
        CASE WHEN length(d.words) < 2100 THEN rpad(d.words, 2100) ELSE d.words END AS words
) AS s

-- fragment: search_document
-- i: an ended interception; s: its row of aibridge_search.
CROSS JOIN LATERAL (
    SELECT
-- include: search_said
    FROM
-- include: search_texts
    WHERE x.interception_id = i.id
) AS t
-- include: search_row

-- fragment: search_put
-- s: rows of aibridge_search to be written.
INSERT INTO aibridge_search AS known (interception_id, initiator_id, started_at, combination, session, words)
SELECT s.interception_id, s.initiator_id, s.started_at, s.combination, s.session, s.words

-- fragment: search_taken
-- held: up to $1 interceptions of the queue, which leave it. Each is held, so that nobody removes it meanwhile and leaves its words
-- behind; what somebody is just removing or indexing is skipped.
queued AS MATERIALIZED (
    SELECT interception_id, initiator_id FROM aibridge_search_queue
    ORDER BY interception_id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), held AS MATERIALIZED (
    SELECT i.* FROM aibridge_interceptions AS i
    WHERE i.id = ANY (ARRAY(SELECT interception_id FROM queued)) AND i.ended_at IS NOT NULL
    FOR KEY SHARE SKIP LOCKED
), done AS (
    DELETE FROM aibridge_search_queue AS q USING queued AS n
    WHERE q.interception_id = n.interception_id AND q.initiator_id = n.initiator_id AND (
        q.interception_id IN (SELECT id FROM held)
        OR NOT EXISTS (SELECT FROM aibridge_interceptions AS i WHERE i.id = q.interception_id)
    )
)

-- name: index_queued
-- Indexes up to $1 interceptions of the queue; returns how many.
WITH
-- include: search_taken
, indexed AS (
-- include: search_put
    FROM held AS i
-- include: search_document
    ON CONFLICT (interception_id, initiator_id) DO UPDATE SET
        started_at = excluded.started_at, combination = excluded.combination, session = excluded.session,
        words = excluded.words
)
SELECT count(*) FROM held;

-- name: index_queued_blank
-- The first of the queue ($1: 1) without its words, which the database does not take; returns its id, or NULL when there is none.
WITH
-- include: search_taken
, indexed AS (
-- include: search_put
    FROM held AS i
    CROSS JOIN LATERAL (SELECT NULL AS words, NULL AS tools) AS t
-- include: search_row
    ON CONFLICT (interception_id, initiator_id) DO NOTHING
)
SELECT id FROM held;

-- name: queue_backlog
-- Queues up to $1 interceptions that ended before there was an index, newest first; returns how many were looked at, NULL when
-- somebody else is at it, or all are done.
WITH backlog AS MATERIALIZED (
    SELECT started_at, interception_id FROM aibridge_search_backlog FOR UPDATE SKIP LOCKED
), looked_at AS MATERIALIZED (
    SELECT i.id, i.initiator_id, i.started_at
    FROM backlog AS b
    CROSS JOIN LATERAL (
        SELECT id, initiator_id, started_at FROM aibridge_interceptions
        WHERE ended_at IS NOT NULL AND (started_at, id) < (b.started_at, b.interception_id)
        ORDER BY started_at DESC, id DESC
        LIMIT $1
    ) AS i
), queued AS (
    INSERT INTO aibridge_search_queue (interception_id, initiator_id)
    SELECT l.id, l.initiator_id FROM looked_at AS l
    WHERE NOT EXISTS (SELECT FROM aibridge_search AS s WHERE s.interception_id = l.id)
    ON CONFLICT DO NOTHING
), further AS (
    UPDATE aibridge_search_backlog SET (started_at, interception_id) = (
        SELECT started_at, id FROM looked_at ORDER BY started_at, id LIMIT 1
    )
    WHERE EXISTS (SELECT FROM looked_at)
), done AS (
    DELETE FROM aibridge_search_backlog
    WHERE EXISTS (SELECT FROM backlog) AND NOT EXISTS (SELECT FROM looked_at)
)
SELECT (SELECT count(*) FROM looked_at) FROM backlog;

-- name: enqueue_for_search
-- These ended interceptions ($1: uuid[]) are to be indexed, again if they are. Whoever is just indexing one is waited for.
INSERT INTO aibridge_search_queue (interception_id, initiator_id)
SELECT id, initiator_id FROM aibridge_interceptions WHERE id = ANY ($1::uuid[]) AND ended_at IS NOT NULL
ORDER BY id
ON CONFLICT (interception_id, initiator_id) DO UPDATE SET initiator_id = excluded.initiator_id;

-- name: fill_search
-- The words of all ended interceptions.
WITH said AS MATERIALIZED (
    SELECT
        x.interception_id,
-- include: search_said
    FROM
-- include: search_texts
    GROUP BY x.interception_id
), written AS (
-- include: search_put
    FROM aibridge_interceptions AS i
    LEFT JOIN said AS t ON t.interception_id = i.id
-- include: search_row
    WHERE i.ended_at IS NOT NULL
    ORDER BY i.started_at, i.id
)
SELECT;

-- name: search_terms
-- What is searched for, as it stands in the index: phrases ($1) in lower case, tools ($2) and session ids ($3) as hashes.
SELECT
    ARRAY(SELECT aibridge_words(said) FROM unnest($1::text[]) WITH ORDINALITY AS t (said, n) ORDER BY n) AS phrases,
    ARRAY(SELECT hashtextextended(tool, 0) FROM unnest($2::text[]) AS t (tool)) AS tools,
    ARRAY(SELECT hashtextextended(id, 0) FROM unnest($3::text[]) AS t (id)) AS sessions;

-- fragment: search_words
-- s: a row of aibridge_search. What its index knows of it.
array_to_tsvector(string_to_array(btrim(s.words, ' '), ' '))

-- fragment: search_beside_words
-- s: a row of aibridge_search. $2: phrases between blanks, where the words alone do not tell, $3: combinations, $4: started
-- after, $5: started before, $6: not these, since they are looked at in the queue; NULL for no condition.
($2::text[] IS NULL OR NOT EXISTS (SELECT FROM unnest($2) AS t (said) WHERE strpos(s.words, t.said) = 0))
AND ($3::bigint[] IS NULL OR s.combination = ANY ($3))
AND ($4::timestamptz IS NULL OR s.started_at >= $4)
AND ($5::timestamptz IS NULL OR s.started_at <= $5)
AND ($6::uuid[] IS NULL OR s.interception_id <> ALL ($6))

-- fragment: search_matching
-- s: a row of aibridge_search. $1: a tsquery; $2 to $6: see search_beside_words.
-- include: search_words
@@ $1::text::tsquery AND
-- include: search_beside_words

-- fragment: search_found
-- All that match; $1 to $6: see the fragment, $7: ids of the queue that match, NULL where none does: plans then read the index
-- alone, whose figures they can go by.
SELECT s.interception_id AS id, s.started_at, s.session FROM aibridge_search AS s
WHERE
-- include: search_matching
UNION ALL
SELECT id, started_at, hashtextextended(session_id, uuid_hash_extended(initiator_id, 0)) FROM aibridge_interceptions
WHERE $7::uuid[] IS NOT NULL AND id = ANY ($7)

-- name: search_queued
-- What waits to be indexed and matches, and what of the queue stands in the index as it was before. $1 to $6: see search_matching.
SELECT
    i.id,
-- include: search_matching
    AS matching,
    EXISTS (SELECT FROM aibridge_search AS known WHERE known.interception_id = i.id) AS known
FROM aibridge_search_queue AS q
JOIN aibridge_interceptions AS i ON i.id = q.interception_id AND i.initiator_id = q.initiator_id
-- include: search_document
WHERE i.ended_at IS NOT NULL;

-- name: search_count
-- How many match in the index; $1 to $6: see search_matching.
SELECT count(*) FROM aibridge_search AS s
WHERE
-- include: search_matching
;

-- name: search_count_some
-- The same, but for no more than $7.
SELECT count(*) FROM (
    SELECT FROM aibridge_search AS s
    WHERE
-- include: search_matching
    LIMIT $7
) AS s;

-- name: count_by_words
-- From here on in the transaction, plans think a row's words as dear as they are: where nothing tells them, they would rather read the
-- words of a whole day than ask the index which rows of the day hold one. $1: for a few rows, which are not worth a further process.
-- Returns what was set before.
SELECT
    current_setting('cpu_operator_cost') AS cost, current_setting('max_parallel_workers_per_gather') AS workers,
    set_config('enable_indexscan', 'off', true), set_config('cpu_operator_cost', '1', true),
    set_config(
        'max_parallel_workers_per_gather',
        CASE WHEN $1::boolean THEN '0' ELSE current_setting('max_parallel_workers_per_gather') END, true
    );

-- name: words_counted
-- As it was before; $1, $2: what count_by_words returned.
SELECT
    set_config('enable_indexscan', 'on', true), set_config('cpu_operator_cost', $1, true),
    set_config('max_parallel_workers_per_gather', $2, true);

-- name: search_size
-- About how many there are in the index.
SELECT reltuples::bigint FROM pg_class WHERE oid = 'aibridge_search'::regclass;

-- name: search_page
-- A page of those that match, newest first. $1 to $7: see search_found; $8, $9: start and id of the interception before the page,
-- NULL at the beginning; $10: limit, $11: offset.
SELECT f.id, f.started_at FROM (
-- include: search_found
) AS f
WHERE ($8::timestamptz IS NULL OR (f.started_at, f.id) < ($8, $9::uuid))
ORDER BY f.started_at DESC, f.id DESC
LIMIT $10 OFFSET $11;

-- name: search_walk
-- The same of a common text, on a walk through the newest. $1: every phrase between blanks, $2: started after, $3: started before,
-- $4: combinations, $5: not these, $6: ids of the queue that match, $7, $8: start and id of the interception before the page; $9:
-- limit, $10: offset; $11: how many are passed at most. Nothing when these do not suffice for the page.
WITH walked AS MATERIALIZED (
    SELECT s.interception_id AS id, s.started_at FROM (
        SELECT * FROM aibridge_search
        WHERE ($2::timestamptz IS NULL OR started_at >= $2)
          AND ($3::timestamptz IS NULL OR started_at <= $3)
          AND ($7::timestamptz IS NULL OR (started_at, interception_id) < ($7, $8::uuid))
        ORDER BY started_at DESC, interception_id DESC
        LIMIT $11
    ) AS s
    WHERE ($4::bigint[] IS NULL OR s.combination = ANY ($4))
      AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS t (said) WHERE strpos(s.words, t.said) = 0)
      AND ($5::uuid[] IS NULL OR s.interception_id <> ALL ($5))
    ORDER BY s.started_at DESC, s.interception_id DESC
    LIMIT $9::bigint + $10::bigint
)
SELECT f.id, f.started_at FROM (
    SELECT id, started_at FROM walked
    UNION ALL
    SELECT id, started_at FROM aibridge_interceptions
    WHERE $6::uuid[] IS NOT NULL AND id = ANY ($6) AND ($7 IS NULL OR (started_at, id) < ($7, $8))
) AS f
WHERE (SELECT count(*) FROM walked) = $9 + $10
ORDER BY f.started_at DESC, f.id DESC
LIMIT $9 OFFSET $10;

-- fragment: search_sessions
-- The sessions in which something matches, as hashes; $1 to $7: see search_found, of which this reads nothing else.
SELECT DISTINCT session FROM (
    SELECT s.session FROM aibridge_search AS s
    WHERE
-- include: search_matching
    UNION ALL
    SELECT hashtextextended(session_id, uuid_hash_extended(initiator_id, 0)) FROM aibridge_interceptions
    WHERE $7::uuid[] IS NOT NULL AND id = ANY ($7)
) AS f

-- name: search_count_sessions
-- How many they are; $1 to $7: see search_found.
SELECT count(*) FROM (
-- include: search_sessions
) AS s;

-- name: search_count_sessions_some
-- How many rows of the index match, but for no more than $7, and in how many sessions they are. $1 to $6: see search_matching.
SELECT coalesce(sum(s.held), 0)::bigint AS held, count(*) AS sessions FROM (
    SELECT f.session, count(*) AS held FROM (
        SELECT s.session FROM aibridge_search AS s
        WHERE
-- include: search_matching
        LIMIT $7
    ) AS f
    GROUP BY f.session
) AS s;

-- name: search_session_ids
-- The ids of the sessions in which something matches, and their hashes; $1 to $7: see search_found. For few.
SELECT array_agg(i.session_id) AS ids, array_agg(f.session) AS sessions FROM (
-- include: search_found
) AS f
JOIN aibridge_interceptions AS i ON i.id = f.id;

-- name: read_by_words
-- From here on in the transaction, plans read the index of words, and its bitmap has room for every page of the table.
SELECT
    set_config('enable_bitmapscan', 'on', true), set_config('enable_seqscan', 'off', true),
    set_config('work_mem', '64MB', true);

-- name: matched_interceptions
-- What is told of these interceptions ($1: uuid[]) beside what was found in them.
SELECT i.id, i.session_id, i.initiator_id, u.username, u.name, u.avatar_url, i.started_at, i.model, i.client, i.outcome
FROM aibridge_interceptions AS i
JOIN users AS u ON u.id = i.initiator_id
WHERE i.id = ANY ($1::uuid[]);

-- name: matched_texts
-- The texts of these interceptions ($1: uuid[]), as far as they are searched.
SELECT x.interception_id, x.found_in, x.id, x.said FROM
-- include: search_texts
WHERE x.interception_id = ANY ($1::uuid[])
ORDER BY x.kind, x.created_at, x.id;
