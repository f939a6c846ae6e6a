-- Usage of everyone under no filter (the grain `all`), and by whole months: what long times without steps are added up from.
-- Charts of ninety days read a row for each day and combination, and lists a row for each day and user, tens of thousands for
-- sums that are a few rows now.
--
-- The figures are those of the days and hours that are posted already; nothing else is read. An older version that runs beside
-- posts neither: it is to be stopped before, as with every migration until the first release.

ALTER TABLE aibridge_usage DROP CONSTRAINT aibridge_usage_span_check;
ALTER TABLE aibridge_usage ADD CONSTRAINT aibridge_usage_span_check CHECK (span IN ('hour', 'day', 'month'));
ALTER TABLE aibridge_usage DROP CONSTRAINT aibridge_usage_grain_check;
ALTER TABLE aibridge_usage ADD CONSTRAINT aibridge_usage_grain_check CHECK
    (grain IN ('all', 'everyone', 'user', 'both', 'everyone_tool', 'both_tool'));

INSERT INTO aibridge_usage (
    span, grain, starts_at, tool, initiator_id, combination, requests, failures, tool_calls, input_tokens, output_tokens,
    cache_read_input_tokens, cache_write_input_tokens, cost_micros, unpriced, durations
)
SELECT
    span, 'all', starts_at, '', initiator_id, 0, sum(requests), sum(failures), sum(tool_calls), sum(input_tokens),
    sum(output_tokens), sum(cache_read_input_tokens), sum(cache_write_input_tokens), sum(cost_micros), sum(unpriced),
    sum(durations)
FROM aibridge_usage
WHERE grain = 'everyone'
GROUP BY span, starts_at, initiator_id;

INSERT INTO aibridge_usage (
    span, grain, starts_at, tool, initiator_id, combination, requests, failures, tool_calls, input_tokens, output_tokens,
    cache_read_input_tokens, cache_write_input_tokens, cost_micros, unpriced, durations
)
SELECT
    'month', grain, date_trunc('month', starts_at, 'UTC'), tool, initiator_id, combination, sum(requests), sum(failures),
    sum(tool_calls), sum(input_tokens), sum(output_tokens), sum(cache_read_input_tokens), sum(cache_write_input_tokens),
    sum(cost_micros), sum(unpriced), sum(durations)
FROM aibridge_usage
WHERE span = 'day' AND grain IN ('all', 'everyone', 'user', 'everyone_tool')
GROUP BY grain, date_trunc('month', starts_at, 'UTC'), tool, initiator_id, combination;
