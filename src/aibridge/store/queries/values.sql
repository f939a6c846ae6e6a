-- fragment: counted
-- c: a combination that has interceptions on record, by the counts.
EXISTS (
    SELECT FROM aibridge_interception_counts AS n
    WHERE n.tool_set = 0 AND n.day = '-infinity' AND n.combination = c.id AND n.interceptions > 0
)

-- fragment: combinations_of_one
-- The combinations of one person's sessions ($5): of each set that is on record once, of larger ones (0) in the sessions' rows.
-- Which sets there are stands in the index. OFFSET 0 has each set looked up: they are few, and always thought to be many.
sets AS MATERIALIZED (
    SELECT DISTINCT combination_set AS id FROM aibridge_sessions WHERE initiator_id = $5::uuid
), large AS MATERIALIZED (
    SELECT session_id, initiator_id FROM aibridge_sessions
    WHERE initiator_id = $5 AND combination_set = 0 AND 0 IN (SELECT id FROM sets)
), own AS MATERIALIZED (
    SELECT m.id FROM sets AS s
    CROSS JOIN LATERAL (SELECT combination AS id FROM aibridge_combination_sets WHERE id = s.id OFFSET 0) AS m
    UNION
    SELECT unnest(s.combinations) FROM large AS l
    JOIN aibridge_sessions AS s ON s.session_id = l.session_id AND s.initiator_id = l.initiator_id
)

-- name: models
-- The models of everyone's ended interceptions, from $1 up to but without $2 (NULL: to the end). $3: limit, $4: offset. The
-- index is asked for one value after the other, and of each whether it is counted (a scalar subquery, since EXISTS would become
-- a join): the cost is that of the values shown, not of their combinations, nor of those behind the page. Values come in the
-- order in which the recursion finds them, which is theirs; to sort them would be to find all of them first.
WITH RECURSIVE names (name) AS (
    SELECT min(model) FROM aibridge_combinations WHERE model >= $1::text
    UNION ALL
    SELECT (SELECT min(c.model) FROM aibridge_combinations AS c WHERE c.model > n.name)
    FROM names AS n WHERE n.name < $2::text OR ($2 IS NULL AND n.name IS NOT NULL)
)
SELECT v.name FROM names AS v
WHERE (v.name < $2 OR $2 IS NULL) AND v.name IS NOT NULL
  AND (
    SELECT true FROM aibridge_combinations AS c WHERE c.model = v.name AND
-- include: counted
    LIMIT 1
  )
LIMIT $3 OFFSET $4;

-- name: unpriced_models
-- The models of ended interceptions with token usage for which nobody has said a price; $1 to $4: see models, $5: whose, or NULL
-- for everyone's. Found in the index of what has no cost, which is little: each of it is looked up. What has a price and no
-- cost, since its figures were unknown, is no model's fault.
SELECT DISTINCT i.model COLLATE "C" AS name
FROM aibridge_token_usages AS u
JOIN aibridge_interceptions AS i ON i.id = u.interception_id AND i.initiator_id = u.initiator_id
WHERE u.cost_micros IS NULL AND u.price_source IS NULL AND ($5::uuid IS NULL OR u.initiator_id = $5)
  AND i.ended_at IS NOT NULL AND i.model COLLATE "C" >= $1::text AND ($2::text IS NULL OR i.model COLLATE "C" < $2)
ORDER BY name LIMIT $3 OFFSET $4;

-- name: clients
-- The same for clients.
WITH RECURSIVE names (name) AS (
    SELECT min(client) FROM aibridge_combinations WHERE client >= $1::text
    UNION ALL
    SELECT (SELECT min(c.client) FROM aibridge_combinations AS c WHERE c.client > n.name)
    FROM names AS n WHERE n.name < $2::text OR ($2 IS NULL AND n.name IS NOT NULL)
)
SELECT v.name FROM names AS v
WHERE (v.name < $2 OR $2 IS NULL) AND v.name IS NOT NULL
  AND (
    SELECT true FROM aibridge_combinations AS c WHERE c.client = v.name AND
-- include: counted
    LIMIT 1
  )
LIMIT $3 OFFSET $4;

-- name: providers
-- The same for provider names.
WITH RECURSIVE names (name) AS (
    SELECT min(provider_name) FROM aibridge_combinations WHERE provider_name >= $1::text
    UNION ALL
    SELECT (SELECT min(c.provider_name) FROM aibridge_combinations AS c WHERE c.provider_name > n.name)
    FROM names AS n WHERE n.name < $2::text OR ($2 IS NULL AND n.name IS NOT NULL)
)
SELECT v.name FROM names AS v
WHERE (v.name < $2 OR $2 IS NULL) AND v.name IS NOT NULL
  AND (
    SELECT true FROM aibridge_combinations AS c WHERE c.provider_name = v.name AND
-- include: counted
    LIMIT 1
  )
LIMIT $3 OFFSET $4;

-- name: values_of_one
-- The same of one person's ended interceptions; $1 to $4 as for everyone's, $5: whose, $6: which values.
WITH
-- include: combinations_of_one
, named AS (
    SELECT CASE $6::text WHEN 'models' THEN c.model WHEN 'clients' THEN c.client WHEN 'providers' THEN c.provider_name END AS name
    FROM own AS o JOIN aibridge_combinations AS c ON c.id = o.id
)
SELECT DISTINCT name FROM named
WHERE name >= $1::text AND ($2::text IS NULL OR name < $2)
ORDER BY name LIMIT $3 OFFSET $4;
