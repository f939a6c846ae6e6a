-- Usage: how much was asked for and spent, by hour and by day; numbers that outlive the record.
--
-- Kept as books are: whatever ends an interception enters it in the journal, in its own transaction and without a lock on
-- anything; every few seconds the entries are posted to the ledger and removed. Usage is what the ledger and the journal say
-- together, exact at any moment. An end that is taken back is entered as less than nothing.
--
-- What is on record already is posted here. That reads interceptions, token usages and tool usages once each, and takes about
-- 15 s for a million interceptions. What an older version ends while it still runs beside is not in it.

CREATE TABLE aibridge_usage_entries (
    hour                     timestamptz NOT NULL,
    tool                     text        COLLATE "C" NOT NULL,
    initiator_id             uuid        NOT NULL,
    combination              bigint      NOT NULL,
    requests                 bigint      NOT NULL,
    failures                 bigint      NOT NULL,
    tool_calls               bigint      NOT NULL,
    input_tokens             numeric     NOT NULL,
    output_tokens            numeric     NOT NULL,
    cache_read_input_tokens  numeric     NOT NULL,
    cache_write_input_tokens numeric     NOT NULL,
    cost_micros              numeric     NOT NULL,
    unpriced                 bigint      NOT NULL,
    durations                numeric     NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE aibridge_usage (
    span                     text        COLLATE "C" NOT NULL,
    grain                    text        COLLATE "C" NOT NULL,
    starts_at                timestamptz NOT NULL,
    tool                     text        COLLATE "C" NOT NULL,
    initiator_id             uuid        NOT NULL,
    combination              bigint      NOT NULL,
    requests                 bigint      NOT NULL,
    failures                 bigint      NOT NULL,
    tool_calls               bigint      NOT NULL,
    input_tokens             numeric     NOT NULL,
    output_tokens            numeric     NOT NULL,
    cache_read_input_tokens  numeric     NOT NULL,
    cache_write_input_tokens numeric     NOT NULL,
    cost_micros              numeric     NOT NULL,
    unpriced                 bigint      NOT NULL,
    durations                numeric     NOT NULL,
    CONSTRAINT aibridge_usage_pkey PRIMARY KEY (span, grain, starts_at, tool, initiator_id, combination) INCLUDE (requests),
    CONSTRAINT aibridge_usage_span_check CHECK (span IN ('hour', 'day')),
    CONSTRAINT aibridge_usage_grain_check CHECK
        (grain IN ('everyone', 'user', 'both', 'everyone_tool', 'both_tool'))
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- What is on record already.

WITH base AS MATERIALIZED (
    SELECT
        hour, tool, initiator_id, combination,
sum(requests) AS requests, sum(failures) AS failures, sum(tool_calls) AS tool_calls, sum(input_tokens) AS input_tokens,
sum(output_tokens) AS output_tokens, sum(cache_read_input_tokens) AS cache_read_input_tokens,
sum(cache_write_input_tokens) AS cache_write_input_tokens, sum(cost_micros) AS cost_micros, sum(unpriced) AS unpriced,
sum(durations) AS durations
    FROM (
SELECT
    date_bin('1 hour', e.started_at, '2000-01-01 00:00:00+00') AS hour, t.tool, e.initiator_id, e.combination,
    1 AS requests, (e.outcome IN ('failed', 'truncated', 'interrupted'))::int AS failures, t.tool_calls,
    u.input_tokens, u.output_tokens, u.cache_read_input_tokens, u.cache_write_input_tokens, u.cost_micros, u.unpriced,
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
    WHERE e.ended_at IS NOT NULL
    ) AS n
    GROUP BY hour, tool, initiator_id, combination
)
INSERT INTO aibridge_usage AS u (
    span, grain, starts_at, tool, initiator_id, combination,
requests, failures, tool_calls, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens, cost_micros,
unpriced, durations
)
SELECT
    s.span, g.grain, s.starts_at, b.tool, g.initiator_id, g.combination,
sum(requests) AS requests, sum(failures) AS failures, sum(tool_calls) AS tool_calls, sum(input_tokens) AS input_tokens,
sum(output_tokens) AS output_tokens, sum(cache_read_input_tokens) AS cache_read_input_tokens,
sum(cache_write_input_tokens) AS cache_write_input_tokens, sum(cost_micros) AS cost_micros, sum(unpriced) AS unpriced,
sum(durations) AS durations
FROM base AS b
CROSS JOIN LATERAL (
    VALUES ('hour', b.hour), ('day', date_bin('1 day', b.hour, '2000-01-01 00:00:00+00'))
) AS s (span, starts_at)
CROSS JOIN LATERAL (
    SELECT 'everyone', '00000000-0000-0000-0000-000000000000'::uuid, b.combination WHERE b.tool = ''
    UNION ALL SELECT 'user', b.initiator_id, 0 WHERE b.tool = ''
    UNION ALL SELECT 'both', b.initiator_id, b.combination WHERE b.tool = ''
    UNION ALL SELECT 'everyone_tool', '00000000-0000-0000-0000-000000000000', b.combination WHERE b.tool > ''
    UNION ALL SELECT 'both_tool', b.initiator_id, b.combination WHERE b.tool > ''
) AS g (grain, initiator_id, combination)
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
    durations = u.durations + excluded.durations;
