-- name: write_begun
-- A batch of starts with their prompts, none of which answers a tool call. $1: JSON array of `records.Begun`.
-- The first line makes the commit durable whatever the server, the role or a pooler has set.
WITH durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true)
),
-- include: begun_rows
    CROSS JOIN (SELECT NULL::uuid AS id, NULL::uuid AS root_id) AS parent
    ON CONFLICT DO NOTHING
)
-- include: begun_prompts
;

-- name: write_begun_with_parents
-- The same of a batch some of whose starts answer tool calls: kept apart, since setting this part of the plan up costs 50 µs
-- also when there is nothing to look for.
-- Lineage: the tool call whose result this request carries was made by its parent. Only the same initiator's calls count,
-- those of the same client session first, of these the same agent's, then the newest (of 200: some providers name every call
-- `call_0`, also for agents that work at the same time). Side requests neither have nor are parents.
WITH durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true)
),
-- include: begun_rows
-- include: begun_parents
    ON CONFLICT DO NOTHING
)
-- include: begun_prompts
;

-- name: write_begun_with_results
-- The same of a batch some of whose starts bring what tools returned, and that is kept.
WITH durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true)
),
-- include: begun_rows
-- include: begun_parents
    ON CONFLICT DO NOTHING
), tool_results AS (
    INSERT INTO aibridge_tool_results (
        interception_id, id, initiator_id, created_at, provider_tool_call_id, content, is_error, metadata
    )
    SELECT b.id, r.id, b.initiator_id, r.created_at, r.provider_tool_call_id, r.content, r.is_error, r.metadata
    FROM batch AS b
    CROSS JOIN LATERAL json_to_recordset(b.tool_results) AS r (
        id uuid, created_at timestamptz, provider_tool_call_id text, content text, is_error boolean, metadata jsonb
    )
    ON CONFLICT DO NOTHING
)
-- include: begun_prompts
;

-- fragment: begun_rows
-- The starts; `parent` is joined to them.
batch AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1) AS b (
        id uuid, initiator_id uuid, api_token_id text, gateway_id uuid, provider text, provider_name text, endpoint text,
        model text, streaming boolean, started_at timestamptz, client text, client_session_id text,
        correlating_tool_call_id text, agent_id text, parent_agent_id text, side_request boolean, credential_kind text,
        credential_type text, credential_hint text, mutations text[], body_sha256_received text, body_sha256_sent text,
        unread boolean, notes text[], metadata jsonb, user_prompt json, tool_results json, not_captured text[]
    )
), begun AS (
    INSERT INTO aibridge_interceptions (
        id, initiator_id, api_token_id, gateway_id, provider, provider_name, endpoint,
        model, streaming, started_at, client, client_session_id,
        correlating_tool_call_id, agent_id, parent_agent_id, side_request, credential_kind,
        credential_type, credential_hint, mutations, body_sha256_received, body_sha256_sent,
        unread, notes, metadata, not_captured, thread_parent_id, thread_root_id
    )
    SELECT
        b.id, b.initiator_id, b.api_token_id, b.gateway_id, b.provider,
        coalesce(nullif(btrim(b.provider_name), ''), b.provider), b.endpoint,
        b.model, b.streaming, b.started_at, coalesce(nullif(b.client, ''), 'Unknown'), nullif(b.client_session_id, ''),
        nullif(b.correlating_tool_call_id, ''), b.agent_id, b.parent_agent_id, b.side_request, b.credential_kind,
        b.credential_type, b.credential_hint, b.mutations,
        decode(nullif(b.body_sha256_received, ''), 'hex'), decode(nullif(b.body_sha256_sent, ''), 'hex'),
        b.unread, b.notes, b.metadata, coalesce(b.not_captured, '{}'), parent.id, parent.root_id
    FROM durable, batch AS b

-- fragment: begun_parents
-- Whose tool call the start answers, if it was recorded.
    LEFT JOIN LATERAL (
        SELECT p.id, p.root_id
        FROM (
            SELECT interception_id, created_at, id FROM aibridge_tool_usages
            WHERE initiator_id = b.initiator_id AND provider_tool_call_id = nullif(b.correlating_tool_call_id, '')
              AND NOT b.side_request
            ORDER BY created_at DESC, id DESC
            LIMIT 200
        ) AS t
        CROSS JOIN LATERAL (
            SELECT i.id, coalesce(i.thread_root_id, i.id) AS root_id, i.client_session_id, i.agent_id
            FROM aibridge_interceptions AS i
            WHERE i.id = t.interception_id AND i.initiator_id = b.initiator_id AND i.id <> b.id AND NOT i.side_request
            LIMIT 1
        ) AS p
        ORDER BY
            (p.client_session_id = b.client_session_id) IS TRUE DESC,
            (p.client_session_id = b.client_session_id AND p.agent_id IS NOT DISTINCT FROM b.agent_id) IS TRUE DESC,
            t.created_at DESC, t.id DESC
        LIMIT 1
    ) AS parent ON true

-- fragment: begun_prompts
-- The prompts of the starts.
INSERT INTO aibridge_user_prompts (interception_id, id, initiator_id, created_at, prompt, metadata)
SELECT b.id, p.id, b.initiator_id, p.created_at, p.prompt, p.metadata
FROM batch AS b
CROSS JOIN LATERAL json_to_record(b.user_prompt) AS p (id uuid, created_at timestamptz, prompt text, metadata jsonb)
WHERE p.id IS NOT NULL
ON CONFLICT DO NOTHING;

-- fragment: usage_cost
-- The members of `records.UsageCost` as columns; all NULL of a usage that nobody has priced.
micros bigint, lower_bound boolean, input_price_micros bigint, output_price_micros bigint, cache_read_price_micros bigint,
cache_write_price_micros bigint, cache_write_1h_price_micros bigint, price_source text, price_listed_as text,
price_since timestamptz

-- name: write_finished
-- A batch of ends with their facts; returns how many of them were really ended by this statement. $1: JSON array of
-- `records.Finished`. Everything below stands on `ended`: what another transaction ended, or a purge removed, adds nothing,
-- and its facts are left alone; so a batch may be replayed. A row's facts become visible together with its final lineage,
-- so nobody can have taken it for a parent before, except within this batch: `climb` follows such chains to their top.
-- Plans are made once, perhaps on empty tables, and kept: `id = ANY` leaves the primary key as the only way to the rows, and
-- an open row is told by its outcome, which is NULL exactly when ended_at is, so that the index of all open rows is none.
-- Locks are taken in one order everywhere: interceptions, then sessions by key, then facets by key.
WITH RECURSIVE durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true)
),
-- include: finished_rows
SELECT count(*) FROM ended;

-- name: write_finished_with_answers
-- The same of a batch some of whose ends bring what was answered; see write_begun_with_results.
WITH RECURSIVE durable AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'on', true)
),
-- include: finished_rows
, model_answers AS (
    INSERT INTO aibridge_model_answers (interception_id, id, initiator_id, created_at, content, metadata)
    SELECT e.id, t.id, e.initiator_id, t.created_at, t.content, t.metadata
    FROM ended AS e
    CROSS JOIN LATERAL json_to_recordset(e.model_answers) AS t (
        id uuid, created_at timestamptz, content text, metadata jsonb
    )
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM ended;

-- fragment: finished_rows
-- The ends, their facts, and all that they add to.
batch AS MATERIALIZED (
    SELECT f.*, (
        SELECT array_agg(DISTINCT t.tool ORDER BY t.tool)
        FROM json_to_recordset(f.tool_usages) AS t (tool text) WHERE t.tool <> ''
    ) AS tools
    FROM json_to_recordset($1) AS f (
        id uuid, initiator_id uuid, ended_at timestamptz, outcome text, status_code integer, error_type text,
        error_message text, time_to_first_byte_us bigint, provider_response_id text, response_model text, partial boolean,
        unread boolean, mutations text[], notes text[], metadata jsonb, token_usage json, tool_usages json,
        model_thoughts json, model_answers json, not_captured text[], prompt_at timestamptz, prompt_excerpt text
    )
), unlinked AS MATERIALIZED (
    SELECT i.id, i.initiator_id, i.started_at, i.client_session_id, i.agent_id, i.correlating_tool_call_id
    FROM aibridge_interceptions AS i
    WHERE i.id = ANY (ARRAY(SELECT id FROM batch)) AND i.outcome IS NULL AND i.thread_parent_id IS NULL
      AND i.correlating_tool_call_id IS NOT NULL AND NOT i.side_request
), batch_calls AS MATERIALIZED (
    SELECT f.id AS interception_id, f.initiator_id, t.id, t.provider_tool_call_id, t.created_at
    FROM batch AS f
    CROSS JOIN LATERAL json_to_recordset(f.tool_usages) AS t (id uuid, provider_tool_call_id text, created_at timestamptz)
), linked AS MATERIALIZED (
    SELECT u.id, parent.id AS parent_id, parent.root_id
    FROM unlinked AS u
    CROSS JOIN LATERAL (
        SELECT p.id, p.root_id
        FROM (
            (
                SELECT interception_id, created_at, id FROM aibridge_tool_usages
                WHERE initiator_id = u.initiator_id AND provider_tool_call_id = u.correlating_tool_call_id
                ORDER BY created_at DESC, id DESC
                LIMIT 200
            )
            UNION ALL
            SELECT interception_id, created_at, id FROM batch_calls
            WHERE initiator_id = u.initiator_id AND provider_tool_call_id = u.correlating_tool_call_id
        ) AS t
        CROSS JOIN LATERAL (
            SELECT i.id, coalesce(i.thread_root_id, i.id) AS root_id, i.client_session_id, i.agent_id
            FROM aibridge_interceptions AS i
            WHERE i.id = t.interception_id AND i.initiator_id = u.initiator_id AND NOT i.side_request
              AND (i.started_at, i.id) < (u.started_at, u.id)
            LIMIT 1
        ) AS p
        ORDER BY
            (p.client_session_id = u.client_session_id) IS TRUE DESC,
            (p.client_session_id = u.client_session_id AND p.agent_id IS NOT DISTINCT FROM u.agent_id) IS TRUE DESC,
            t.created_at DESC, t.id DESC
        LIMIT 1
    ) AS parent
), climb (id, parent_id, root_id) AS (
    SELECT id, parent_id, root_id FROM linked
    UNION ALL
    SELECT c.id, c.parent_id, above.root_id FROM climb AS c JOIN linked AS above ON above.id = c.root_id
), lineage AS MATERIALIZED (
    SELECT id, parent_id, root_id FROM climb AS c WHERE NOT EXISTS (SELECT FROM linked AS l WHERE l.id = c.root_id)
), ended AS MATERIALIZED (
    UPDATE aibridge_interceptions AS i SET
        ended_at = f.ended_at,
        outcome = f.outcome,
        status_code = f.status_code,
        error_type = f.error_type,
        error_message = CASE WHEN f.error_type IS NOT NULL THEN f.error_message END,
        time_to_first_byte_us = f.time_to_first_byte_us,
        provider_response_id = f.provider_response_id,
        response_model = f.response_model,
        partial = f.partial,
        unread = i.unread OR f.unread,
        mutations = i.mutations || f.mutations,
        notes = i.notes || f.notes,
        metadata = i.metadata || f.metadata,
        not_captured = i.not_captured || coalesce(f.not_captured, '{}'),
        thread_parent_id = coalesce(i.thread_parent_id, l.parent_id),
        thread_root_id = coalesce(i.thread_root_id, l.root_id)
    FROM durable, batch AS f LEFT JOIN lineage AS l ON l.id = f.id
    WHERE i.id = ANY (ARRAY(SELECT id FROM batch))
      AND i.id = f.id AND i.initiator_id = f.initiator_id AND i.outcome IS NULL
    RETURNING
        i.id, i.initiator_id, i.session_id, i.gateway_id, i.started_at, i.ended_at,
        i.provider, i.provider_name, i.model, i.client, i.outcome, i.error_type, i.credential_kind, i.credential_type,
        i.combination, (i.started_at AT TIME ZONE 'UTC')::date AS day,
        i.outcome IN ('failed', 'truncated', 'interrupted') AS failure,
        i.thread_root_id IS NULL AND NOT i.side_request AS thread,
        CASE WHEN NOT i.side_request THEN f.prompt_at END AS prompt_at, left(f.prompt_excerpt, 500) AS prompt,
        f.token_usage, f.tool_usages, f.model_thoughts, f.model_answers, f.tools, hash_array_extended(f.tools, 0) AS tool_set
), spent AS MATERIALIZED (
    SELECT
        e.*, u.id AS usage_id, u.created_at, u.input_tokens, u.output_tokens,
        u.cache_read_input_tokens, u.cache_write_input_tokens, u.partial, u.provider_response_id, u.metadata,
        c.micros AS cost_micros, c.lower_bound, c.input_price_micros, c.output_price_micros, c.cache_read_price_micros,
        c.cache_write_price_micros, c.cache_write_1h_price_micros, c.price_source, c.price_listed_as, c.price_since
    FROM ended AS e
    CROSS JOIN LATERAL json_to_record(e.token_usage) AS u (
        id uuid, created_at timestamptz, input_tokens bigint, output_tokens bigint, cache_read_input_tokens bigint,
        cache_write_input_tokens bigint, partial boolean, provider_response_id text, metadata jsonb, cost json
    )
    CROSS JOIN LATERAL json_to_record(u.cost) AS c (
-- include: usage_cost
    )
), token_usages AS (
    INSERT INTO aibridge_token_usages (
        interception_id, id, initiator_id, created_at, input_tokens, output_tokens,
        cache_read_input_tokens, cache_write_input_tokens, partial, provider_response_id, metadata,
        cost_micros, cost_lower_bound, input_price_micros, output_price_micros, cache_read_price_micros,
        cache_write_price_micros, cache_write_1h_price_micros, price_source, price_listed_as, price_since
    )
    SELECT
        id, usage_id, initiator_id, created_at, input_tokens, output_tokens,
        cache_read_input_tokens, cache_write_input_tokens, partial, provider_response_id, metadata,
        cost_micros, coalesce(lower_bound, false), input_price_micros, output_price_micros, cache_read_price_micros,
        cache_write_price_micros, cache_write_1h_price_micros, price_source, price_listed_as, price_since
    FROM spent WHERE usage_id IS NOT NULL
    ON CONFLICT DO NOTHING
), tool_usages AS (
    INSERT INTO aibridge_tool_usages (
        interception_id, id, initiator_id, created_at, injected, tool, input, provider_tool_call_id,
        provider_item_id, provider_response_id, server_url, invocation_error, metadata
    )
    SELECT
        e.id, t.id, e.initiator_id, t.created_at, t.injected, t.tool, t.input, nullif(t.provider_tool_call_id, ''),
        nullif(t.provider_item_id, ''), t.provider_response_id, t.server_url, t.invocation_error, t.metadata
    FROM ended AS e
    CROSS JOIN LATERAL json_to_recordset(e.tool_usages) AS t (
        id uuid, created_at timestamptz, injected boolean, tool text, input text, provider_tool_call_id text,
        provider_item_id text, provider_response_id text, server_url text, invocation_error text, metadata jsonb
    )
    ON CONFLICT DO NOTHING
), model_thoughts AS (
    INSERT INTO aibridge_model_thoughts (interception_id, id, initiator_id, created_at, source, content, metadata)
    SELECT e.id, t.id, e.initiator_id, t.created_at, t.source, t.content, t.metadata
    FROM ended AS e
    CROSS JOIN LATERAL json_to_recordset(e.model_thoughts) AS t (
        id uuid, created_at timestamptz, source text, content text, metadata jsonb
    )
    ON CONFLICT DO NOTHING
), sessions AS (
    INSERT INTO aibridge_sessions AS s (
        session_id, initiator_id, first_interception_id, started_at, last_started_at, ended_at,
        interceptions, threads, tool_calls, failures,
        input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens,
        first_prompt_at, first_prompt_interception_id, first_prompt, last_prompt_at, last_prompt_interception_id, last_prompt,
        combinations, tools, cost_micros, unpriced
    )
    SELECT
        e.session_id, e.initiator_id, (array_agg(e.id ORDER BY e.started_at, e.id))[1],
        min(e.started_at), max(e.started_at), max(e.ended_at),
        count(*), count(*) FILTER (WHERE e.thread), sum(json_array_length(e.tool_usages)), count(*) FILTER (WHERE e.failure),
        coalesce(sum(e.input_tokens), 0), coalesce(sum(e.output_tokens), 0),
        coalesce(sum(e.cache_read_input_tokens), 0), coalesce(sum(e.cache_write_input_tokens), 0),
        min(e.prompt_at),
        (array_agg(e.id ORDER BY e.prompt_at, e.id) FILTER (WHERE e.prompt_at IS NOT NULL))[1],
        (array_agg(e.prompt ORDER BY e.prompt_at, e.id) FILTER (WHERE e.prompt_at IS NOT NULL))[1],
        max(e.prompt_at),
        (array_agg(e.id ORDER BY e.prompt_at DESC, e.id DESC) FILTER (WHERE e.prompt_at IS NOT NULL))[1],
        (array_agg(e.prompt ORDER BY e.prompt_at DESC, e.id DESC) FILTER (WHERE e.prompt_at IS NOT NULL))[1],
        array_agg(DISTINCT e.combination),
        ARRAY(
            SELECT DISTINCT t.tool FROM ended AS own CROSS JOIN LATERAL unnest(own.tools) AS t (tool)
            WHERE own.session_id = e.session_id AND own.initiator_id = e.initiator_id
            ORDER BY t.tool
        ),
        coalesce(sum(e.cost_micros), 0), count(*) FILTER (WHERE e.usage_id IS NOT NULL AND e.cost_micros IS NULL)
    FROM spent AS e
    GROUP BY e.session_id, e.initiator_id
    ORDER BY e.session_id, e.initiator_id
    ON CONFLICT (session_id, initiator_id) DO UPDATE SET
        first_interception_id = CASE
            WHEN (excluded.started_at, excluded.first_interception_id) < (s.started_at, s.first_interception_id)
            THEN excluded.first_interception_id ELSE s.first_interception_id END,
        started_at = least(s.started_at, excluded.started_at),
        last_started_at = greatest(s.last_started_at, excluded.last_started_at),
        ended_at = greatest(s.ended_at, excluded.ended_at),
        interceptions = s.interceptions + excluded.interceptions,
        threads = s.threads + excluded.threads,
        tool_calls = s.tool_calls + excluded.tool_calls,
        failures = s.failures + excluded.failures,
        input_tokens = s.input_tokens + excluded.input_tokens,
        output_tokens = s.output_tokens + excluded.output_tokens,
        cache_read_input_tokens = s.cache_read_input_tokens + excluded.cache_read_input_tokens,
        cache_write_input_tokens = s.cache_write_input_tokens + excluded.cache_write_input_tokens,
        (first_prompt_at, first_prompt_interception_id, first_prompt) = (
            SELECT p.at, p.interception_id, p.prompt
            FROM (VALUES
                (s.first_prompt_at, s.first_prompt_interception_id, s.first_prompt),
                (excluded.first_prompt_at, excluded.first_prompt_interception_id, excluded.first_prompt)
            ) AS p (at, interception_id, prompt)
            ORDER BY p.at, p.interception_id LIMIT 1
        ),
        (last_prompt_at, last_prompt_interception_id, last_prompt) = (
            SELECT p.at, p.interception_id, p.prompt
            FROM (VALUES
                (s.last_prompt_at, s.last_prompt_interception_id, s.last_prompt),
                (excluded.last_prompt_at, excluded.last_prompt_interception_id, excluded.last_prompt)
            ) AS p (at, interception_id, prompt)
            ORDER BY p.at DESC NULLS LAST, p.interception_id DESC LIMIT 1
        ),
        combinations = CASE
            WHEN s.combinations @> excluded.combinations THEN s.combinations
            ELSE ARRAY(SELECT DISTINCT c FROM unnest(s.combinations || excluded.combinations) AS c ORDER BY c) END,
        tools = CASE
            WHEN s.tools @> excluded.tools THEN s.tools
            ELSE ARRAY(SELECT DISTINCT t FROM unnest(s.tools || excluded.tools) AS t ORDER BY t) END,
        cost_micros = s.cost_micros + excluded.cost_micros,
        unpriced = s.unpriced + excluded.unpriced
    RETURNING s.session_id, s.combinations, s.combination_set, s.tools, s.tool_set
), facets AS (
    INSERT INTO aibridge_session_facets AS s (
        session_id, initiator_id, combination, first_started_at, last_started_at
    )
    SELECT e.session_id, e.initiator_id, e.combination, min(e.started_at), max(e.started_at)
    FROM ended AS e
    WHERE (SELECT count(*) FROM sessions) > 0  -- not before every session's row is held
    GROUP BY e.session_id, e.initiator_id, e.combination
    ORDER BY e.session_id, e.initiator_id, e.combination
    ON CONFLICT (session_id, initiator_id, combination) DO UPDATE SET
        first_started_at = least(s.first_started_at, excluded.first_started_at),
        last_started_at = greatest(s.last_started_at, excluded.last_started_at)
), combinations AS (
    INSERT INTO aibridge_combinations (
        id, provider, provider_name, model, client, outcome, error_type, credential_kind, credential_type
    )
    SELECT DISTINCT
        e.combination, e.provider, e.provider_name, e.model, e.client, e.outcome, coalesce(e.error_type, ''),
        e.credential_kind, e.credential_type
    FROM ended AS e
    WHERE NOT EXISTS (
        SELECT FROM aibridge_combinations AS k
        WHERE k.id = e.combination AND k.model = e.model AND k.client = e.client
    )
    ORDER BY e.combination, e.model, e.client
    ON CONFLICT DO NOTHING
), combination_sets AS (
    INSERT INTO aibridge_combination_sets (id, combination)
    SELECT DISTINCT s.combination_set, c.member
    FROM sessions AS s CROSS JOIN LATERAL unnest(s.combinations) AS c (member)
    WHERE s.combination_set <> 0 AND NOT EXISTS (
        SELECT FROM aibridge_combination_sets AS k WHERE k.id = s.combination_set AND k.combination = c.member
    )
    ORDER BY s.combination_set, c.member
    ON CONFLICT DO NOTHING
), tool_sets AS (
    INSERT INTO aibridge_tool_sets (id, tool)
    SELECT DISTINCT s.id, t.member
    FROM (
        SELECT tool_set AS id, tools FROM sessions WHERE tool_set <> 0
        UNION ALL
        SELECT tool_set, tools FROM ended
    ) AS s
    CROSS JOIN LATERAL unnest(s.tools) AS t (member)
    WHERE NOT EXISTS (SELECT FROM aibridge_tool_sets AS k WHERE k.id = s.id AND k.tool = t.member)
    ORDER BY s.id, t.member
    ON CONFLICT DO NOTHING
), counts AS (
    INSERT INTO aibridge_interception_counts AS s (tool_set, day, combination, gateway_id, interceptions)
    SELECT k.tool_set, d.day, e.combination, e.gateway_id, count(*)
    FROM ended AS e
-- include: under_every_key
    GROUP BY k.tool_set, d.day, e.combination, e.gateway_id
    ORDER BY k.tool_set, d.day, e.combination, e.gateway_id
    ON CONFLICT (tool_set, day, combination, gateway_id)
        DO UPDATE SET interceptions = s.interceptions + excluded.interceptions
), usage AS (
    INSERT INTO aibridge_usage_entries (
        hour, tool, initiator_id, combination,
-- include: usage_figures
    )
    SELECT
        date_bin('1 hour', e.started_at, '2000-01-01 00:00:00+00'), t.tool, e.initiator_id, e.combination,
        1, e.failure::int, t.tool_calls, coalesce(e.input_tokens, 0), coalesce(e.output_tokens, 0),
        coalesce(e.cache_read_input_tokens, 0), coalesce(e.cache_write_input_tokens, 0), coalesce(e.cost_micros, 0),
        (e.usage_id IS NOT NULL AND e.cost_micros IS NULL)::int,
-- include: usage_duration
    FROM spent AS e
    CROSS JOIN LATERAL (
        SELECT '' AS tool, json_array_length(e.tool_usages) AS tool_calls
        UNION ALL
        SELECT c.tool, count(*) FROM json_to_recordset(e.tool_usages) AS c (tool text) WHERE c.tool <> '' GROUP BY c.tool
    ) AS t
), to_be_searched AS (
    INSERT INTO aibridge_search_queue (interception_id, initiator_id)
    SELECT id, initiator_id FROM ended ORDER BY id
    ON CONFLICT (interception_id, initiator_id) DO UPDATE SET initiator_id = excluded.initiator_id  -- see enqueue_for_search
)

-- name: hold_interrupted
-- What recovery closed among these ids ($1: uuid[]), whose real ends have arrived after all, held until the end.
SELECT id, session_id, initiator_id FROM aibridge_interceptions
WHERE id = ANY ($1::uuid[]) AND outcome = 'interrupted' ORDER BY id FOR UPDATE;

-- name: reopen_interrupted
-- Takes back the ends of these interceptions ($1: uuid[]), which are held. Followed, in the same transaction, by
-- recomputing their sessions, by uncounting them and by write_finished.
WITH words AS (
    DELETE FROM aibridge_search WHERE interception_id = ANY ($1::uuid[])
)
UPDATE aibridge_interceptions
SET ended_at = NULL, outcome = NULL, error_type = NULL, error_message = NULL, partial = false
WHERE id = ANY ($1::uuid[]);
