-- name: hour_summaries
-- What ended in [$1, $2), per provider type, model and client. Times are milliseconds, percentiles interpolated and cut.
WITH ended AS (
    SELECT id, initiator_id, provider, model, coalesce(nullif(client, ''), 'Unknown') AS client, endpoint,
           (extract(epoch FROM ended_at - started_at) * 1000)::float8 AS millis
    FROM aibridge_interceptions
    WHERE ended_at >= $1::timestamptz AND ended_at < $2::timestamptz
),
whole AS (
    SELECT provider, model, client, count(*) AS interceptions, count(DISTINCT initiator_id) AS initiators,
           percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY millis) AS millis
    FROM ended GROUP BY provider, model, client
),
routes AS (
    SELECT provider, model, client, jsonb_object_agg(endpoint, interceptions) AS routes
    FROM (
        SELECT provider, model, client, endpoint, count(*) AS interceptions
        FROM ended GROUP BY provider, model, client, endpoint
    ) AS counted
    GROUP BY provider, model, client
),
prompts AS (
    SELECT provider, model, client, count(*) AS prompts
    FROM ended AS e JOIN aibridge_user_prompts AS p ON p.interception_id = e.id AND p.initiator_id = e.initiator_id
    GROUP BY provider, model, client
),
tokens AS (
    SELECT provider, model, client, count(*) AS usages, sum(input_tokens) AS input, sum(output_tokens) AS output,
           sum(cache_read_input_tokens) AS cache_read, sum(cache_write_input_tokens) AS cache_write
    FROM ended AS e JOIN aibridge_token_usages AS t ON t.interception_id = e.id AND t.initiator_id = e.initiator_id
    GROUP BY provider, model, client
),
tools AS (
    SELECT provider, model, client, count(*) FILTER (WHERE injected) AS injected,
           count(*) FILTER (WHERE NOT injected) AS non_injected,
           count(*) FILTER (WHERE injected AND invocation_error IS NOT NULL) AS errors
    FROM ended AS e JOIN aibridge_tool_usages AS t ON t.interception_id = e.id AND t.initiator_id = e.initiator_id
    GROUP BY provider, model, client
)
SELECT provider, model, client, w.interceptions, w.initiators, w.millis, r.routes,
       coalesce(p.prompts, 0) AS prompts, coalesce(t.usages, 0) AS usages,
       coalesce(t.input, 0) AS input, coalesce(t.output, 0) AS output,
       coalesce(t.cache_read, 0) AS cache_read, coalesce(t.cache_write, 0) AS cache_write,
       coalesce(u.injected, 0) AS injected, coalesce(u.non_injected, 0) AS non_injected, coalesce(u.errors, 0) AS errors
FROM whole AS w
JOIN routes AS r USING (provider, model, client)
LEFT JOIN prompts AS p USING (provider, model, client)
LEFT JOIN tokens AS t USING (provider, model, client)
LEFT JOIN tools AS u USING (provider, model, client)
ORDER BY provider, model, client;

-- name: claim_hour
-- Takes the earliest of the full hours that end from $2 to $3 which nobody has reported, and nobody is reporting at $4, until
-- $5; $1: the event, $6: the report's id if this is its first try. Nothing when somebody else was faster, too.
INSERT INTO telemetry_locks AS l (event_type, period_ending_at, report_id, attempts, next_try_at)
SELECT $1, hour, $6, 1, $5
FROM generate_series($2::timestamptz, $3::timestamptz, interval '1 hour') AS hour
WHERE NOT EXISTS (
    SELECT FROM telemetry_locks AS taken
    WHERE taken.event_type = $1 AND taken.period_ending_at = hour
      AND (taken.reported_at IS NOT NULL OR taken.next_try_at > $4::timestamptz)
)
ORDER BY hour
LIMIT 1
ON CONFLICT (event_type, period_ending_at) DO UPDATE
SET attempts = l.attempts + 1, next_try_at = excluded.next_try_at
WHERE l.reported_at IS NULL AND l.next_try_at <= $4::timestamptz
RETURNING period_ending_at, report_id, attempts;

-- name: hour_reported
-- The hour that ends at $2 has been reported, at $3; $1: the event.
UPDATE telemetry_locks SET reported_at = $3 WHERE event_type = $1 AND period_ending_at = $2;

-- name: hour_not_reported
-- The report of the hour that ends at $2 failed for the $4th time: nobody tries it before $3. $1: the event. A claim that
-- somebody else has taken over is left alone.
UPDATE telemetry_locks SET next_try_at = $3
WHERE event_type = $1 AND period_ending_at = $2 AND attempts = $4 AND reported_at IS NULL;

-- name: forget_hours
-- Removes the claims of hours that ended before $1.
DELETE FROM telemetry_locks WHERE period_ending_at < $1;
