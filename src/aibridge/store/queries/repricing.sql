-- name: page_to_reprice
-- Start and id of ended interceptions that began from $1 until before $2, behind $3 and $4, of one requested model ($5) or, with
-- NULL, of any, oldest first. $6: at most so many. Found in the index of the request log.
SELECT i.id, i.started_at FROM aibridge_interceptions AS i
WHERE i.ended_at IS NOT NULL AND i.started_at >= $1::timestamptz AND i.started_at < $2::timestamptz
  AND (i.started_at, i.id) > ($3::timestamptz, $4::uuid) AND ($5::text IS NULL OR i.model = $5)
ORDER BY i.started_at, i.id
LIMIT $6;

-- name: hold_to_reprice
-- Holds these interceptions ($1: uuid[]) until the transaction ends.
SELECT id FROM aibridge_interceptions WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE;

-- name: usages_to_reprice
-- The token usages of these ended interceptions ($1: uuid[]), with what decides about their price, and what they cost so far.
SELECT
    i.session_id, i.initiator_id, i.provider, i.provider_name, i.model, i.response_model, u.interception_id, u.id,
    u.provider_response_id, u.input_tokens, u.output_tokens, u.cache_read_input_tokens, u.cache_write_input_tokens, u.partial,
    u.created_at, u.metadata, u.cost_micros AS micros, u.cost_lower_bound AS lower_bound, u.input_price_micros,
    u.output_price_micros, u.cache_read_price_micros, u.cache_write_price_micros, u.cache_write_1h_price_micros,
    u.price_source, u.price_listed_as, u.price_since
FROM aibridge_interceptions AS i
JOIN aibridge_token_usages AS u ON u.interception_id = i.id AND u.initiator_id = i.initiator_id
WHERE i.id = ANY ($1::uuid[]) AND i.ended_at IS NOT NULL
ORDER BY u.interception_id, u.id;

-- name: change_costs
-- Gives token usages another cost. $1: JSON array of their interception_id and id with the new cost, a `records.UsageCost` or
-- null.
UPDATE aibridge_token_usages AS u SET
    cost_micros = n.micros, cost_lower_bound = coalesce(n.lower_bound, false),
    input_price_micros = n.input_price_micros, output_price_micros = n.output_price_micros,
    cache_read_price_micros = n.cache_read_price_micros, cache_write_price_micros = n.cache_write_price_micros,
    cache_write_1h_price_micros = n.cache_write_1h_price_micros, price_source = n.price_source,
    price_listed_as = n.price_listed_as, price_since = n.price_since
FROM (
    SELECT c.interception_id, c.id, p.*
    FROM json_to_recordset($1) AS c (interception_id uuid, id uuid, cost json)
    CROSS JOIN LATERAL json_to_record(c.cost) AS p (
-- include: usage_cost
    )
) AS n
WHERE u.interception_id = n.interception_id AND u.id = n.id;
