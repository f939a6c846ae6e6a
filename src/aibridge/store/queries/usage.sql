-- fragment: usage_figures
-- The figures of an entry and of a row of the ledger, in the order of their tables.
requests, failures, tool_calls, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens, cost_micros,
unpriced, durations

-- fragment: usage_sums
-- Their sums.
sum(requests) AS requests, sum(failures) AS failures, sum(tool_calls) AS tool_calls, sum(input_tokens) AS input_tokens,
sum(output_tokens) AS output_tokens, sum(cache_read_input_tokens) AS cache_read_input_tokens,
sum(cache_write_input_tokens) AS cache_write_input_tokens, sum(cost_micros) AS cost_micros, sum(unpriced) AS unpriced,
sum(durations) AS durations

-- fragment: usage_sums_as_text
-- The same as they are read: as digits, since a sum may be longer than 63 bits.
sum(requests)::text AS requests, sum(failures)::text AS failures, sum(tool_calls)::text AS tool_calls,
sum(input_tokens)::text AS input_tokens, sum(output_tokens)::text AS output_tokens,
sum(cache_read_input_tokens)::text AS cache_read_input_tokens,
sum(cache_write_input_tokens)::text AS cache_write_input_tokens, sum(cost_micros)::text AS cost_micros,
sum(unpriced)::text AS unpriced, sum(durations)::text AS durations

-- fragment: usage_duration
-- e: an ended interception. How long it took, as a counter of one in the histogram of durations: a number of twelve decimal
-- digits for each step, so that histograms add up as numbers do. Microseconds, by the R20 series of ISO 3; store/durations.py
-- says the same.
('1e' || 12 * width_bucket(
    greatest(extract(epoch FROM e.ended_at - e.started_at) * 1000000, 0)::bigint,
    '{1000, 1120, 1250, 1400, 1600, 1800, 2000, 2240, 2500, 2800, 3150, 3550, 4000, 4500, 5000, 5600, 6300, 7100,
    8000, 9000, 10000, 11200, 12500, 14000, 16000, 18000, 20000, 22400, 25000, 28000, 31500, 35500, 40000, 45000,
    50000, 56000, 63000, 71000, 80000, 90000, 100000, 112000, 125000, 140000, 160000, 180000, 200000, 224000,
    250000, 280000, 315000, 355000, 400000, 450000, 500000, 560000, 630000, 710000, 800000, 900000, 1000000,
    1120000, 1250000, 1400000, 1600000, 1800000, 2000000, 2240000, 2500000, 2800000, 3150000, 3550000, 4000000,
    4500000, 5000000, 5600000, 6300000, 7100000, 8000000, 9000000, 10000000, 11200000, 12500000, 14000000, 16000000,
    18000000, 20000000, 22400000, 25000000, 28000000, 31500000, 35500000, 40000000, 45000000, 50000000, 56000000,
    63000000, 71000000, 80000000, 90000000, 100000000, 112000000, 125000000, 140000000, 160000000, 180000000,
    200000000, 224000000, 250000000, 280000000, 315000000, 355000000, 400000000, 450000000, 500000000, 560000000,
    630000000, 710000000, 800000000, 900000000, 1000000000, 1120000000, 1250000000, 1400000000, 1600000000,
    1800000000, 2000000000, 2240000000, 2500000000, 2800000000, 3150000000, 3550000000, 4000000000, 4500000000,
    5000000000, 5600000000, 6300000000, 7100000000, 8000000000, 9000000000, 10000000000}'::bigint[]
))::numeric

-- fragment: usage_of_interceptions
-- The figures of ended interceptions (e), once as requests and once for each tool that they called, as entries.
SELECT
    date_bin('1 hour', e.started_at, '2000-01-01 00:00:00+00') AS hour, t.tool, e.initiator_id, e.combination,
    1 AS requests, (e.outcome IN ('failed', 'truncated', 'interrupted'))::int AS failures, t.tool_calls,
    u.input_tokens, u.output_tokens, u.cache_read_input_tokens, u.cache_write_input_tokens, u.cost_micros, u.unpriced,
-- include: usage_duration
    AS durations
FROM aibridge_interceptions AS e
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
        coalesce(sum(cache_read_input_tokens), 0) AS cache_read_input_tokens,
        coalesce(sum(cache_write_input_tokens), 0) AS cache_write_input_tokens,
        coalesce(sum(cost_micros), 0) AS cost_micros, coalesce(bool_or(cost_micros IS NULL), false)::int AS unpriced
    FROM aibridge_token_usages WHERE interception_id = e.id
) AS u
CROSS JOIN LATERAL (
    SELECT '' AS tool, count(*) AS tool_calls FROM aibridge_tool_usages WHERE interception_id = e.id
    UNION ALL
    SELECT tool, count(*) FROM aibridge_tool_usages WHERE interception_id = e.id AND tool <> '' GROUP BY tool
) AS t

-- name: enter_usage
-- Enters the ended ones of these interceptions ($1: uuid[]) in the journal of usage ($2 = 1), or takes them back (-1).
INSERT INTO aibridge_usage_entries (
    hour, tool, initiator_id, combination,
-- include: usage_figures
)
SELECT
    hour, tool, initiator_id, combination, $2::bigint * requests, $2 * failures, $2 * tool_calls, $2 * input_tokens,
    $2 * output_tokens, $2 * cache_read_input_tokens, $2 * cache_write_input_tokens, $2 * cost_micros, $2 * unpriced,
    $2 * durations
FROM (
-- include: usage_of_interceptions
WHERE e.id = ANY ($1::uuid[]) AND e.ended_at IS NOT NULL
) AS n;

-- name: enter_costs
-- Enters what interceptions cost more than was entered before. $1: their ids, $2: micro-dollars, $3: how many more are
-- unpriced (-1, 0 or 1), all in step.
INSERT INTO aibridge_usage_entries (
    hour, tool, initiator_id, combination,
-- include: usage_figures
)
SELECT
    date_bin('1 hour', e.started_at, '2000-01-01 00:00:00+00'), t.tool, e.initiator_id, e.combination,
    0, 0, 0, 0, 0, 0, 0, sum(c.cost_micros), sum(c.unpriced), 0
FROM unnest($1::uuid[], $2::numeric[], $3::bigint[]) AS c (id, cost_micros, unpriced)
JOIN aibridge_interceptions AS e ON e.id = c.id AND e.ended_at IS NOT NULL
CROSS JOIN LATERAL (
    SELECT '' AS tool
    UNION ALL
    SELECT DISTINCT tool FROM aibridge_tool_usages WHERE interception_id = e.id AND tool <> ''
) AS t
GROUP BY 1, 2, 3, 4;

-- fragment: usage_posting
-- base: figures by hour, tool, initiator_id and combination. Each of them stands in the ledger by hour and by day, for
-- all at once, for everyone (by combination), for its user (all combinations together) and for both; tools in rows of their own,
-- but for users, who have hardly more rows of both. Rows of both are the most, and are not kept by month, too. Readings then take
-- the fewest rows that tell what is asked.
INSERT INTO aibridge_usage AS u (
    span, grain, starts_at, tool, initiator_id, combination,
-- include: usage_figures
)
SELECT
    s.span, g.grain, s.starts_at, b.tool, g.initiator_id, g.combination,
-- include: usage_sums
FROM base AS b
CROSS JOIN LATERAL (
    VALUES ('hour', b.hour), ('day', date_bin('1 day', b.hour, '2000-01-01 00:00:00+00')),
        ('month', date_trunc('month', b.hour, 'UTC'))
) AS s (span, starts_at)
CROSS JOIN LATERAL (
    SELECT 'all', '00000000-0000-0000-0000-000000000000'::uuid, 0::bigint WHERE b.tool = ''
    UNION ALL SELECT 'everyone', '00000000-0000-0000-0000-000000000000', b.combination WHERE b.tool = ''
    UNION ALL SELECT 'user', b.initiator_id, 0 WHERE b.tool = ''
    UNION ALL SELECT 'both', b.initiator_id, b.combination WHERE b.tool = ''
    UNION ALL SELECT 'everyone_tool', '00000000-0000-0000-0000-000000000000', b.combination WHERE b.tool > ''
    UNION ALL SELECT 'both_tool', b.initiator_id, b.combination WHERE b.tool > ''
) AS g (grain, initiator_id, combination)
WHERE s.span <> 'month' OR g.grain NOT IN ('both', 'both_tool')
GROUP BY s.span, g.grain, s.starts_at, b.tool, g.initiator_id, g.combination
ORDER BY s.span, g.grain, s.starts_at, b.tool, g.initiator_id, g.combination
ON CONFLICT (span, grain, starts_at, tool, initiator_id, combination) DO UPDATE SET
    requests = u.requests + excluded.requests,
    failures = u.failures + excluded.failures,
    tool_calls = u.tool_calls + excluded.tool_calls,
    input_tokens = u.input_tokens + excluded.input_tokens,
    output_tokens = u.output_tokens + excluded.output_tokens,
    cache_read_input_tokens = u.cache_read_input_tokens + excluded.cache_read_input_tokens,
    cache_write_input_tokens = u.cache_write_input_tokens + excluded.cache_write_input_tokens,
    cost_micros = u.cost_micros + excluded.cost_micros,
    unpriced = u.unpriced + excluded.unpriced,
    durations = u.durations + excluded.durations

-- name: alone_at_posting
-- Whether this transaction is the only one that posts; the key is "aibrpost" in ASCII.
SELECT pg_try_advisory_xact_lock(7019249737885774708);

-- name: post_usage
-- Posts up to $1 entries of the journal to the ledger and removes them; returns how many.
WITH taken AS MATERIALIZED (
    DELETE FROM aibridge_usage_entries
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM aibridge_usage_entries LIMIT $1))
    RETURNING *
), base AS MATERIALIZED (
    SELECT
        hour, tool, initiator_id, combination,
-- include: usage_sums
    FROM taken
    GROUP BY hour, tool, initiator_id, combination
), posted AS (
-- include: usage_posting
)
SELECT count(*) FROM taken;

-- name: fill_usage
-- Posts everything on record, as if nothing of it had been entered.
WITH base AS MATERIALIZED (
    SELECT
        hour, tool, initiator_id, combination,
-- include: usage_sums
    FROM (
-- include: usage_of_interceptions
    WHERE e.ended_at IS NOT NULL
    ) AS n
    GROUP BY hour, tool, initiator_id, combination
)
-- include: usage_posting
;

-- fragment: usage_conditions
-- u: a row of the ledger or an entry. $7: initiators, $8: combinations, $9: tool; NULL for no condition.
($7::uuid[] IS NULL OR u.initiator_id = ANY ($7))
AND ($8::bigint[] IS NULL OR u.combination = ANY ($8))
AND ($9::text IS NULL OR u.tool = $9)

-- fragment: usage_rows
-- Figures from the ledger and the journal, each with the step it belongs to. From $1 to $2, taken in hours, days and months: $3 is
-- where whole days begin and where whole months do, $4 where these end and where those do. $5: hour, day or none; $6: the grain; $7 to
-- $9: see usage_conditions.
SELECT
    CASE $5::text
        WHEN 'hour' THEN at WHEN 'day' THEN date_bin('1 day', at, '2000-01-01 00:00:00+00') ELSE $1
    END AS step, tool, initiator_id, combination,
-- include: usage_figures
FROM (
    SELECT
        starts_at AS at, tool, initiator_id, combination,
-- include: usage_figures
    FROM aibridge_usage AS u
    WHERE span = 'month' AND grain = $6::text AND starts_at >= ($3::timestamptz[])[2] AND starts_at < ($4::timestamptz[])[1] AND
-- include: usage_conditions
    UNION ALL
    SELECT
        starts_at, tool, initiator_id, combination,
-- include: usage_figures
    FROM aibridge_usage AS u
    WHERE span = 'day' AND grain = $6 AND starts_at >= $3[1] AND starts_at < $3[2] AND
-- include: usage_conditions
    UNION ALL
    SELECT
        starts_at, tool, initiator_id, combination,
-- include: usage_figures
    FROM aibridge_usage AS u
    WHERE span = 'day' AND grain = $6 AND starts_at >= $4[1] AND starts_at < $4[2] AND
-- include: usage_conditions
    UNION ALL
    SELECT
        starts_at, tool, initiator_id, combination,
-- include: usage_figures
    FROM aibridge_usage AS u
    WHERE span = 'hour' AND grain = $6 AND starts_at >= $1::timestamptz AND starts_at < $3[1] AND
-- include: usage_conditions
    UNION ALL
    SELECT
        starts_at, tool, initiator_id, combination,
-- include: usage_figures
    FROM aibridge_usage AS u
    WHERE span = 'hour' AND grain = $6 AND starts_at >= $4[2] AND starts_at < $2::timestamptz AND
-- include: usage_conditions
    UNION ALL
    SELECT
        hour, tool, initiator_id, combination,
-- include: usage_figures
    FROM aibridge_usage_entries AS u
    WHERE hour >= $1 AND hour < $2 AND (tool = '') <> ($6 LIKE '%\_tool') AND
-- include: usage_conditions
) AS u

-- fragment: usage_names
-- What combinations are called where usage is grouped by $10. Of those that share a hash one speaks for all, so that nothing
-- is counted twice.
SELECT DISTINCT ON (id)
    id, CASE $10::text
        WHEN 'model' THEN model WHEN 'client' THEN client WHEN 'provider' THEN provider
        WHEN 'provider_name' THEN provider_name
    END AS name
FROM aibridge_combinations
ORDER BY id, model, client

-- fragment: usage_key
-- The group of a row (u) whose combination is called n.
CASE $10 WHEN 'user' THEN u.initiator_id::text WHEN 'tool' THEN u.tool ELSE n.name END

-- name: usage_totals
-- The figures of each step; $1 to $9: see usage_rows.
SELECT
    step,
-- include: usage_sums_as_text
FROM (
-- include: usage_rows
) AS u
GROUP BY step;

-- fragment: usage_weight
-- What is compared of a row: $12.
CASE $12::text
    WHEN 'requests' THEN requests WHEN 'failures' THEN failures WHEN 'tool_calls' THEN tool_calls
    WHEN 'cost_micros' THEN cost_micros
    ELSE input_tokens + output_tokens + cache_read_input_tokens + cache_write_input_tokens
END

-- name: usage_groups
-- The figures of groups in each step, beside the place of each group and how many there are. $1 to $9: see usage_rows; $10: what
-- is grouped by, anything but users; $11: so many groups (NULL: all), those with the most of $12. All others come together, with
-- the key NULL. All are added up in a single reading.
WITH named AS MATERIALIZED (
-- include: usage_names
), added AS MATERIALIZED (
    SELECT
        u.step,
-- include: usage_key
        AS key,
-- include: usage_sums
    FROM (
-- include: usage_rows
    ) AS u LEFT JOIN named AS n ON n.id = u.combination AND $10 <> 'tool'
    GROUP BY 1, 2
), ranked AS MATERIALIZED (
-- include: usage_ranked
    FROM added
    GROUP BY key HAVING sum(requests) > 0
)
SELECT
    a.step, CASE WHEN $11::bigint IS NULL OR r.place <= $11 THEN a.key END AS key, min(r.place) AS place,
    (SELECT count(*) FROM ranked) AS groups,
-- include: usage_sums_as_text
FROM added AS a JOIN ranked AS r ON r.key = a.key
GROUP BY 1, 2;

-- fragment: usage_ranked
-- The keys of rows in the order of their weight.
SELECT
    key, row_number() OVER (ORDER BY sum(
-- include: usage_weight
    ) DESC, key::text COLLATE "C") AS place

-- name: usage_groups_of_users
-- The same of users ($10: user), who are so many that rows are read twice, the first time for little, the second time of those few
-- alone; all others are what is left of the totals.
WITH ranked AS MATERIALIZED (
-- include: usage_ranked
    FROM (
        SELECT u.*, u.initiator_id AS key FROM (
-- include: usage_rows
        ) AS u
    ) AS u
    GROUP BY key HAVING sum(requests) > 0
)
SELECT
    u.step, r.key::text AS key, r.place, (SELECT count(*) FROM ranked) AS groups,
-- include: usage_sums_as_text
FROM (
-- include: usage_rows
) AS u
JOIN ranked AS r ON ($11::bigint IS NULL OR r.place <= $11) AND r.key = u.initiator_id
WHERE $10::text = 'user' AND ($11 IS NULL OR u.initiator_id = ANY (ARRAY(SELECT key FROM ranked WHERE place <= $11)))
GROUP BY u.step, r.key, r.place;

-- name: usage_ranking
-- The groups of the whole time by each of $10 (an array) with the most of $12, most first, with what lists of them show. $1 to $12:
-- see usage_groups, but that $11 counts for each of $10, which are all of combinations or one of users or tools. A single reading
-- of few columns, added up by what is short before it is by names.
WITH named AS MATERIALIZED (
    SELECT DISTINCT ON (id) id, model, client, provider, provider_name FROM aibridge_combinations ORDER BY id, model, client
), added AS MATERIALIZED (
    SELECT
        CASE WHEN 'user' = ANY ($10::text[]) THEN initiator_id END AS initiator_id,
        CASE WHEN 'tool' = ANY ($10) THEN tool END AS tool,
        CASE WHEN $10 && '{model, client, provider, provider_name}' THEN combination END AS combination,
        sum(requests) AS requests, sum(tool_calls) AS tool_calls, sum(cost_micros) AS cost_micros, sum(unpriced) AS unpriced,
        sum(
-- include: usage_weight
        ) AS weight
    FROM (
-- include: usage_rows
    ) AS u
    GROUP BY 1, 2, 3
)
SELECT
    "by", key, requests::text AS requests, tool_calls::text AS tool_calls, cost_micros::text AS cost_micros,
    unpriced::text AS unpriced
FROM (
    SELECT
        b."by", k.key, sum(requests) AS requests, sum(tool_calls) AS tool_calls, sum(cost_micros) AS cost_micros,
        sum(unpriced) AS unpriced,
        row_number() OVER (PARTITION BY b."by" ORDER BY sum(weight) DESC, k.key COLLATE "C") AS place
    FROM added AS a
    LEFT JOIN named AS n ON n.id = a.combination
    CROSS JOIN unnest($10) AS b ("by")
    CROSS JOIN LATERAL (
        SELECT CASE b."by"
            WHEN 'user' THEN a.initiator_id::text WHEN 'tool' THEN a.tool WHEN 'model' THEN n.model
            WHEN 'client' THEN n.client WHEN 'provider' THEN n.provider WHEN 'provider_name' THEN n.provider_name
        END AS key
    ) AS k
    GROUP BY b."by", k.key HAVING sum(requests) > 0
) AS r
WHERE $11::bigint IS NULL OR place <= $11
ORDER BY "by", place;

-- name: usage_users
-- How many users there are in each step, and at all (NULL); $1 to $9: see usage_rows. Distinct ones are grouped, which hashes:
-- count(DISTINCT …) would sort. The requests of one user in one day are an int, whose sum is no numeric, and faster by a fifth.
WITH present AS MATERIALIZED (
    SELECT step, initiator_id FROM (
-- include: usage_rows
    ) AS u
    GROUP BY step, initiator_id HAVING sum(requests::int) > 0
)
SELECT step, count(*) AS users FROM present GROUP BY step
UNION ALL
SELECT NULL, count(*) FROM (SELECT FROM present GROUP BY initiator_id) AS p;

-- fragment: usage_touched
-- The whole days that the journal touches; parameters: see usage_rows.
SELECT date_bin('1 day', hour, '2000-01-01 00:00:00+00') FROM aibridge_usage_entries
WHERE hour >= ($3::timestamptz[])[1] AND hour < ($4::timestamptz[])[2] AND (tool = '') <> ($6::text LIKE '%\_tool')

-- fragment: usage_presence
-- What has requests in a day, without telling how many; $1 to $9: see usage_rows, the bucket is of no account. No row of the ledger
-- has fewer than none but for what the journal takes back: where that touches no day, its rows need not be added up.
SELECT starts_at AS day, tool, initiator_id, combination FROM aibridge_usage AS u
WHERE span = 'day' AND grain = $6 AND starts_at >= ($3::timestamptz[])[1] AND starts_at < ($4::timestamptz[])[2] AND requests > 0 AND
    starts_at <> ALL (ARRAY(
-- include: usage_touched
    )) AND
-- include: usage_conditions
UNION ALL
SELECT date_bin('1 day', at, '2000-01-01 00:00:00+00'), tool, initiator_id, combination
FROM (
    SELECT starts_at AS at, tool, initiator_id, combination, requests FROM aibridge_usage AS u
    WHERE span = 'day' AND grain = $6 AND starts_at = ANY (ARRAY(
-- include: usage_touched
    )) AND
-- include: usage_conditions
    UNION ALL
    SELECT starts_at, tool, initiator_id, combination, requests FROM aibridge_usage AS u
    WHERE span = 'hour' AND grain = $6 AND starts_at >= $1::timestamptz AND starts_at < $3[1] AND
-- include: usage_conditions
    UNION ALL
    SELECT starts_at, tool, initiator_id, combination, requests FROM aibridge_usage AS u
    WHERE span = 'hour' AND grain = $6 AND starts_at >= $4[2] AND starts_at < $2::timestamptz AND
-- include: usage_conditions
    UNION ALL
    SELECT hour, tool, initiator_id, CASE WHEN $6 = 'user' THEN 0 ELSE combination END, requests
    FROM aibridge_usage_entries AS u
    WHERE hour >= $1 AND hour < $2 AND (tool = '') <> ($6 LIKE '%\_tool') AND
-- include: usage_conditions
) AS u
GROUP BY 1, 2, 3, 4 HAVING sum(requests::int) > 0

-- name: usage_users_of_days
-- How many users there are in each day, and at all (NULL); $1 to $9: see usage_presence. What tells nothing but users apart tells
-- each of them once.
WITH present AS MATERIALIZED (
    SELECT day, initiator_id FROM (
-- include: usage_presence
    ) AS u
    WHERE $5::text = 'day'
), once AS (
    SELECT day, initiator_id FROM present WHERE $6 = 'user'
    UNION ALL
    SELECT day, initiator_id FROM present WHERE $6 <> 'user' GROUP BY day, initiator_id
)
SELECT day AS step, count(*) AS users FROM once GROUP BY day
UNION ALL
SELECT NULL, count(*) FROM (SELECT FROM present GROUP BY initiator_id) AS p;

-- name: usage_users_by
-- How many users there are in each of these groups of combinations ($11: keys), and in all others together (NULL); $1 to $10: see
-- usage_groups. Everything that is asked of the ledger stands in its index; places are compared, being shorter than keys.
WITH shown AS MATERIALIZED (
    SELECT key, place FROM unnest($11::text[]) WITH ORDINALITY AS s (key, place)
), named AS MATERIALIZED (
    SELECT n.id, s.place FROM (
-- include: usage_names
    ) AS n JOIN shown AS s ON s.key = n.name
), present AS (
    SELECT n.place, u.initiator_id
    FROM (
-- include: usage_presence
    ) AS u LEFT JOIN named AS n ON n.id = u.combination
    WHERE $5::text IS NOT NULL -- a parameter that stands nowhere has no type
    GROUP BY 1, 2
)
SELECT s.key, p.users
FROM (SELECT place, count(*) AS users FROM present GROUP BY place) AS p LEFT JOIN shown AS s ON s.place = p.place;

-- name: usage_users_by_tool
-- The same of tools ($10: keys).
WITH shown AS MATERIALIZED (
    SELECT key, place FROM unnest($10::text[]) WITH ORDINALITY AS s (key, place)
), present AS (
    SELECT s.place, u.initiator_id
    FROM (
-- include: usage_presence
    ) AS u LEFT JOIN shown AS s ON s.key = u.tool
    WHERE $5::text IS NOT NULL -- a parameter that stands nowhere has no type
    GROUP BY 1, 2
)
SELECT s.key, p.users
FROM (SELECT place, count(*) AS users FROM present GROUP BY place) AS p LEFT JOIN shown AS s ON s.place = p.place;

-- name: read_alone
-- Until the transaction ends, plans use no other process: a page asks five questions about usage at once, and parts of one would
-- stand in the way of the next.
SELECT set_config('max_parallel_workers_per_gather', '0', true);

-- name: people_of_usage
-- The users with these ids ($1), as others see them.
SELECT id AS initiator_id, username, name, avatar_url FROM users WHERE id = ANY ($1::uuid[]);
