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

-- name: all_started_since
-- Whether no ended interception began before $1.
SELECT coalesce(min(started_at) >= $1::timestamptz, true) FROM aibridge_interceptions WHERE ended_at IS NOT NULL;

-- name: read_by_index
-- Until the transaction ends, plans walk through indexes: how many rows a list's conditions leave is estimated too badly for
-- anything else, and a walk is never bad.
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
