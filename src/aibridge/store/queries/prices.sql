-- name: own_prices
-- The deployment's own prices, by what they are for.
SELECT provider, provider_name, model, nullif(since, '-infinity') AS since, rates, set_by, set_at FROM aibridge_prices
ORDER BY model, provider, provider_name, aibridge_prices.since;

-- name: set_price
-- Sets a price, over one for the same from the same moment on, and tells every replica in the same commit. $1: provider,
-- $2: provider name, $3: model, $4: since or NULL, $5: rates, $6: who sets it.
WITH done AS (
    INSERT INTO aibridge_prices AS p (provider, provider_name, model, since, rates, set_by)
    VALUES ($1, $2, $3, coalesce($4::timestamptz, '-infinity'), $5, $6)
    ON CONFLICT (model, provider, provider_name, since)
        DO UPDATE SET rates = excluded.rates, set_by = excluded.set_by, set_at = now()
    RETURNING provider, provider_name, model, nullif(since, '-infinity') AS since, rates, set_by, set_at
), told AS MATERIALIZED (
    SELECT pg_notify('aibridge_prices', model) FROM done
)
SELECT done.* FROM done, told;

-- name: remove_price
-- Removes a price, and tells every replica in the same commit. $1: provider, $2: provider name, $3: model, $4: since or NULL.
WITH gone AS (
    DELETE FROM aibridge_prices
    WHERE provider = $1 AND provider_name = $2 AND model = $3 AND since = coalesce($4::timestamptz, '-infinity')
    RETURNING model
), told AS MATERIALIZED (
    SELECT pg_notify('aibridge_prices', model) FROM gone
)
SELECT gone.model FROM gone, told;
