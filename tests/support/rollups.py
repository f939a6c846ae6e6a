"""The roll-ups beside a naive sum over the interceptions."""

from aibridge.store.connections import Connection

KEPT = """
SELECT session_id, initiator_id, first_interception_id, started_at, last_started_at, ended_at, interceptions, threads,
    tool_calls, failures, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens,
    first_prompt, last_prompt, last_prompt_at, last_active_at, cost_micros, unpriced
FROM aibridge_sessions ORDER BY 1, 2
"""

NAIVE = """
WITH row AS (SELECT * FROM aibridge_interceptions WHERE ended_at IS NOT NULL),
prompts AS (
    SELECT r.session_id, r.initiator_id, r.id, p.created_at, left(p.prompt, 500) AS prompt
    FROM row AS r JOIN aibridge_user_prompts AS p ON p.interception_id = r.id WHERE NOT r.side_request
), usages AS (
    SELECT r.session_id, r.initiator_id, u.input_tokens, u.output_tokens, u.cache_read_input_tokens,
        u.cache_write_input_tokens, u.cost_micros, r.id
    FROM row AS r JOIN aibridge_token_usages AS u ON u.interception_id = r.id
)
SELECT s.session_id, s.initiator_id,
    (SELECT id FROM row AS r WHERE (r.session_id, r.initiator_id) = (s.session_id, s.initiator_id)
        ORDER BY started_at, id LIMIT 1),
    min(s.started_at), max(s.started_at), max(s.ended_at), count(*),
    count(*) FILTER (WHERE s.thread_root_id IS NULL AND NOT s.side_request),
    (SELECT count(*) FROM row AS r JOIN aibridge_tool_usages AS t ON t.interception_id = r.id
        WHERE (r.session_id, r.initiator_id) = (s.session_id, s.initiator_id)),
    count(*) FILTER (WHERE s.outcome IN ('failed', 'truncated', 'interrupted')),
    coalesce((SELECT sum(input_tokens) FROM usages AS u
        WHERE (u.session_id, u.initiator_id) = (s.session_id, s.initiator_id)), 0),
    coalesce((SELECT sum(output_tokens) FROM usages AS u
        WHERE (u.session_id, u.initiator_id) = (s.session_id, s.initiator_id)), 0),
    coalesce((SELECT sum(cache_read_input_tokens) FROM usages AS u
        WHERE (u.session_id, u.initiator_id) = (s.session_id, s.initiator_id)), 0),
    coalesce((SELECT sum(cache_write_input_tokens) FROM usages AS u
        WHERE (u.session_id, u.initiator_id) = (s.session_id, s.initiator_id)), 0),
    (SELECT prompt FROM prompts AS p WHERE (p.session_id, p.initiator_id) = (s.session_id, s.initiator_id)
        ORDER BY created_at, id LIMIT 1),
    (SELECT prompt FROM prompts AS p WHERE (p.session_id, p.initiator_id) = (s.session_id, s.initiator_id)
        ORDER BY created_at DESC, id DESC LIMIT 1),
    (SELECT max(created_at) FROM prompts AS p WHERE (p.session_id, p.initiator_id) = (s.session_id, s.initiator_id)),
    coalesce((SELECT max(created_at) FROM prompts AS p
        WHERE (p.session_id, p.initiator_id) = (s.session_id, s.initiator_id)), min(s.started_at)),
    coalesce((SELECT sum(cost_micros) FROM usages AS u
        WHERE (u.session_id, u.initiator_id) = (s.session_id, s.initiator_id)), 0),
    (SELECT count(DISTINCT id) FROM usages AS u
        WHERE (u.session_id, u.initiator_id) = (s.session_id, s.initiator_id) AND cost_micros IS NULL)
FROM row AS s GROUP BY 1, 2 ORDER BY 1, 2
"""

FACETS_KEPT = "SELECT * FROM aibridge_session_facets ORDER BY 1, 2, 3"
FACETS_NAIVE = """
SELECT session_id, initiator_id, combination, min(started_at), max(started_at)
FROM aibridge_interceptions WHERE ended_at IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

SETS_KEPT = """
SELECT session_id, initiator_id, combinations, tools,
    ARRAY(SELECT combination FROM aibridge_combination_sets WHERE id = s.combination_set ORDER BY 1) = combinations,
    ARRAY(SELECT tool FROM aibridge_tool_sets WHERE id = s.tool_set ORDER BY 1) = tools
FROM aibridge_sessions AS s ORDER BY 1, 2
"""
SETS_NAIVE = """
SELECT session_id, initiator_id, array_agg(DISTINCT combination),
    ARRAY(
        SELECT DISTINCT t.tool
        FROM aibridge_interceptions AS i JOIN aibridge_tool_usages AS t ON t.interception_id = i.id
        WHERE (i.session_id, i.initiator_id) = (s.session_id, s.initiator_id) AND i.ended_at IS NOT NULL
          AND t.tool <> ''
        ORDER BY 1
    ),
    count(DISTINCT combination) <= 100, true
FROM aibridge_interceptions AS s WHERE ended_at IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
"""

UNNAMED = """
SELECT id FROM aibridge_interceptions AS i WHERE ended_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM aibridge_combinations AS c
    WHERE c.id = i.combination AND (c.provider, c.provider_name, c.model, c.client, c.outcome, c.error_type)
        = (i.provider, i.provider_name, i.model, i.client, i.outcome, coalesce(i.error_type, ''))
      AND (c.credential_kind, c.credential_type) = (i.credential_kind, i.credential_type)
)
"""

COUNTS_KEPT = "SELECT * FROM aibridge_interception_counts WHERE interceptions <> 0 ORDER BY 1, 2, 3, 4"
COUNTS_NAIVE = """
WITH called AS (
    SELECT interception_id, hash_array_extended(array_agg(DISTINCT tool ORDER BY tool), 0) AS tool_set
    FROM aibridge_tool_usages WHERE tool <> '' GROUP BY interception_id
), ended AS (
    SELECT i.*, (started_at AT TIME ZONE 'UTC')::date AS day, c.tool_set
    FROM aibridge_interceptions AS i LEFT JOIN called AS c ON c.interception_id = i.id WHERE ended_at IS NOT NULL
)
SELECT tool_set, day, combination, gateway_id, count(*)
FROM (
    SELECT 0 AS tool_set, day, combination, gateway_id FROM ended
    UNION ALL SELECT 0, '-infinity', combination, gateway_id FROM ended
    UNION ALL SELECT tool_set, day, combination, gateway_id FROM ended WHERE tool_set IS NOT NULL
    UNION ALL SELECT tool_set, '-infinity', combination, gateway_id FROM ended WHERE tool_set IS NOT NULL
) AS n GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

UNKNOWN_SETS = """
SELECT tool_set FROM aibridge_interception_counts AS c
WHERE tool_set <> 0 AND tool_set <> hash_array_extended(
    ARRAY(SELECT tool FROM aibridge_tool_sets AS t WHERE t.id = c.tool_set ORDER BY tool), 0
)
"""


async def exact(psql: Connection) -> int:
    """Asserts that what is kept is what a naive query finds; returns the number of sessions."""
    sessions = await _same(psql, KEPT, NAIVE)
    await _same(psql, FACETS_KEPT, FACETS_NAIVE)
    await _same(psql, SETS_KEPT, SETS_NAIVE)
    await _same(psql, COUNTS_KEPT, COUNTS_NAIVE)
    assert await psql.fetch(UNNAMED) == []
    assert await psql.fetch(UNKNOWN_SETS) == []
    return sessions


async def _same(psql: Connection, kept: str, naive: str) -> int:
    found, expected = await psql.fetch(kept), await psql.fetch(naive)
    assert [tuple(row) for row in found] == [tuple(row) for row in expected]
    return len(found)
