-- name: fill_users
-- Makes users of these names unless there are living ones; returns id and name of each. $1: ids, $2: user names,
-- $3: full names, $4: mail addresses, $5: roles, all in step.
WITH wanted AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS w (id, username, name, email, role)
), made AS (
    INSERT INTO users (id, username, name, email, role)
    SELECT id, username, name, email, role FROM wanted
    ON CONFLICT (username) WHERE status <> 'deleted' DO NOTHING
    RETURNING id, username
)
SELECT id, username FROM made
UNION ALL
SELECT u.id, u.username FROM users AS u JOIN wanted AS w ON w.username = u.username WHERE u.status <> 'deleted';

-- name: sessions_of_rows
-- The sessions of these interceptions ($1: uuid[]), as `sessions.add` takes them.
SELECT id, session_id, initiator_id FROM aibridge_interceptions WHERE id = ANY ($1::uuid[]) AND ended_at IS NOT NULL;

-- name: keys_of_tables
-- Primary and foreign keys of these tables ($1: text[]) and foreign keys that point at them, in an order of making.
SELECT
    quote_ident(c.conname) AS name, c.conrelid::regclass::text AS relation, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint AS c
WHERE c.contype IN ('p', 'u', 'f')
  AND (
    c.conrelid IN (SELECT to_regclass(t) FROM unnest($1::text[]) AS t)
    OR c.confrelid IN (SELECT to_regclass(t) FROM unnest($1::text[]) AS t)
  )
ORDER BY c.contype = 'f', c.conname;

-- name: indexes_of_tables
-- Indexes of these tables ($1: text[]) that are nobody's key, with what makes them.
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index AS i
WHERE i.indrelid IN (SELECT to_regclass(t) FROM unnest($1::text[]) AS t)
  AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
ORDER BY 1;

-- name: fill_combinations
-- Names every combination on record.
INSERT INTO aibridge_combinations (
    id, provider, provider_name, model, client, outcome, error_type, credential_kind, credential_type
)
SELECT DISTINCT
    combination, provider, provider_name, model, client, outcome, coalesce(error_type, ''), credential_kind, credential_type
FROM aibridge_interceptions WHERE ended_at IS NOT NULL;

-- name: fill_session_facets
-- The combinations of every session, with the window each was in use.
INSERT INTO aibridge_session_facets (session_id, initiator_id, combination, first_started_at, last_started_at)
SELECT session_id, initiator_id, combination, min(started_at), max(started_at)
FROM aibridge_interceptions WHERE ended_at IS NOT NULL
GROUP BY session_id, initiator_id, combination;

-- name: fill_sessions
-- The roll-ups of all sessions, from interceptions, their children, and the facets: what recompute_sessions makes of few.
WITH usages AS (
    SELECT
        interception_id, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cache_read_input_tokens) AS cache_read_input_tokens,
        sum(cache_write_input_tokens) AS cache_write_input_tokens,
        sum(cost_micros) AS cost_micros, bool_or(cost_micros IS NULL) AS unpriced
    FROM aibridge_token_usages
    GROUP BY interception_id
), calls AS (
    SELECT interception_id, count(*) AS tool_calls FROM aibridge_tool_usages GROUP BY interception_id
), prompts AS (
    SELECT DISTINCT ON (interception_id) interception_id, created_at AS prompt_at, left(prompt, 500) AS prompt
    FROM aibridge_user_prompts
    ORDER BY interception_id, created_at DESC, id DESC
), ended AS (
    SELECT
        i.id, i.session_id, i.initiator_id, i.started_at, i.ended_at,
        i.outcome IN ('failed', 'truncated', 'interrupted') AS failure,
        i.thread_root_id IS NULL AND NOT i.side_request AS thread,
        u.input_tokens, u.output_tokens, u.cache_read_input_tokens, u.cache_write_input_tokens, u.cost_micros, u.unpriced,
        c.tool_calls,
        p.prompt_at, p.prompt
    FROM aibridge_interceptions AS i
    LEFT JOIN usages AS u ON u.interception_id = i.id
    LEFT JOIN calls AS c ON c.interception_id = i.id
    LEFT JOIN prompts AS p ON p.interception_id = i.id AND NOT i.side_request
    WHERE i.ended_at IS NOT NULL
), sums AS (
    SELECT
        session_id, initiator_id, (array_agg(id ORDER BY started_at, id))[1] AS first_interception_id,
        min(started_at) AS started_at, max(started_at) AS last_started_at, max(ended_at) AS ended_at,
        count(*) AS interceptions, count(*) FILTER (WHERE thread) AS threads, coalesce(sum(tool_calls), 0) AS tool_calls,
        count(*) FILTER (WHERE failure) AS failures,
        coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens,
        coalesce(sum(cache_read_input_tokens), 0) AS cache_read_input_tokens,
        coalesce(sum(cache_write_input_tokens), 0) AS cache_write_input_tokens,
        coalesce(sum(cost_micros), 0) AS cost_micros, count(*) FILTER (WHERE unpriced) AS unpriced,
        min(prompt_at) AS first_prompt_at,
        (array_agg(id ORDER BY prompt_at, id) FILTER (WHERE prompt_at IS NOT NULL))[1] AS first_prompt_interception_id,
        (array_agg(prompt ORDER BY prompt_at, id) FILTER (WHERE prompt_at IS NOT NULL))[1] AS first_prompt,
        max(prompt_at) AS last_prompt_at,
        (array_agg(id ORDER BY prompt_at DESC, id DESC) FILTER (WHERE prompt_at IS NOT NULL))[1]
            AS last_prompt_interception_id,
        (array_agg(prompt ORDER BY prompt_at DESC, id DESC) FILTER (WHERE prompt_at IS NOT NULL))[1] AS last_prompt
    FROM ended
    GROUP BY session_id, initiator_id
), combined AS (
    SELECT session_id, initiator_id, array_agg(combination ORDER BY combination) AS combinations
    FROM aibridge_session_facets
    GROUP BY session_id, initiator_id
), used AS (
    SELECT i.session_id, i.initiator_id, array_agg(DISTINCT t.tool ORDER BY t.tool) AS tools
    FROM aibridge_tool_usages AS t JOIN aibridge_interceptions AS i ON i.id = t.interception_id
    WHERE i.ended_at IS NOT NULL AND t.tool <> ''
    GROUP BY i.session_id, i.initiator_id
)
INSERT INTO aibridge_sessions (
    session_id, initiator_id, first_interception_id, started_at, last_started_at, ended_at, interceptions, threads,
    tool_calls, failures, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens,
    first_prompt_at, first_prompt_interception_id, first_prompt, last_prompt_at, last_prompt_interception_id, last_prompt,
    combinations, tools, cost_micros, unpriced
)
SELECT
    s.session_id, s.initiator_id, s.first_interception_id, s.started_at, s.last_started_at, s.ended_at, s.interceptions,
    s.threads, s.tool_calls, s.failures, s.input_tokens, s.output_tokens, s.cache_read_input_tokens,
    s.cache_write_input_tokens, s.first_prompt_at, s.first_prompt_interception_id, s.first_prompt, s.last_prompt_at,
    s.last_prompt_interception_id, s.last_prompt, c.combinations, coalesce(u.tools, '{}'), s.cost_micros, s.unpriced
FROM sums AS s
JOIN combined AS c ON c.session_id = s.session_id AND c.initiator_id = s.initiator_id
LEFT JOIN used AS u ON u.session_id = s.session_id AND u.initiator_id = s.initiator_id
ORDER BY s.started_at, s.first_interception_id;

-- name: fill_combination_sets
-- The members of every set of combinations that some session has.
INSERT INTO aibridge_combination_sets (id, combination)
SELECT DISTINCT s.id, c.member
FROM (SELECT DISTINCT combination_set AS id, combinations FROM aibridge_sessions WHERE combination_set <> 0) AS s
CROSS JOIN LATERAL unnest(s.combinations) AS c (member);

-- name: fill_tool_sets
-- The members of every set of tools that some session or some interception has.
INSERT INTO aibridge_tool_sets (id, tool)
SELECT DISTINCT s.id, t.member
FROM (
    SELECT tool_set AS id, tools FROM aibridge_sessions WHERE tool_set <> 0
    UNION
    SELECT hash_array_extended(c.tools, 0), c.tools
    FROM (
        SELECT array_agg(DISTINCT tool ORDER BY tool) AS tools
        FROM aibridge_tool_usages WHERE tool <> '' GROUP BY interception_id
    ) AS c
) AS s
CROSS JOIN LATERAL unnest(s.tools) AS t (member);

-- name: fill_interception_counts
-- How many interceptions ended for each set of tools, day, combination and gateway: the set 0 stands for all of them, the
-- day -infinity for all days.
WITH called AS (
    SELECT interception_id, hash_array_extended(array_agg(DISTINCT tool ORDER BY tool), 0) AS tool_set
    FROM aibridge_tool_usages WHERE tool <> '' GROUP BY interception_id
), by_day AS (
    SELECT
        c.tool_set, (i.started_at AT TIME ZONE 'UTC')::date AS day, i.combination, i.gateway_id, count(*) AS interceptions
    FROM aibridge_interceptions AS i LEFT JOIN called AS c ON c.interception_id = i.id
    WHERE i.ended_at IS NOT NULL
    GROUP BY 1, 2, 3, 4
)
INSERT INTO aibridge_interception_counts (tool_set, day, combination, gateway_id, interceptions)
SELECT k.tool_set, d.day, e.combination, e.gateway_id, sum(e.interceptions)
FROM by_day AS e
-- include: under_every_key
GROUP BY k.tool_set, d.day, e.combination, e.gateway_id;
