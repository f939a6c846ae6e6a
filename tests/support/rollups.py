"""The roll-ups beside a naive sum over the interceptions."""

from aibridge.store.connections import Connection

KEPT = """
SELECT session_id, initiator_id, first_interception_id, started_at, last_started_at, ended_at, interceptions, threads,
    tool_calls, failures, input_tokens, output_tokens, cache_read_input_tokens, cache_write_input_tokens,
    first_prompt, last_prompt, last_prompt_at, last_active_at
FROM aibridge_sessions ORDER BY 1, 2
"""

NAIVE = """
WITH row AS (SELECT * FROM aibridge_interceptions WHERE ended_at IS NOT NULL),
prompts AS (
    SELECT r.session_id, r.initiator_id, r.id, p.created_at, left(p.prompt, 500) AS prompt
    FROM row AS r JOIN aibridge_user_prompts AS p ON p.interception_id = r.id WHERE NOT r.side_request
), usages AS (
    SELECT r.session_id, r.initiator_id, u.input_tokens, u.output_tokens, u.cache_read_input_tokens,
        u.cache_write_input_tokens
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
        WHERE (p.session_id, p.initiator_id) = (s.session_id, s.initiator_id)), min(s.started_at))
FROM row AS s GROUP BY 1, 2 ORDER BY 1, 2
"""

FACETS_KEPT = "SELECT * FROM aibridge_session_facets ORDER BY session_id, initiator_id, provider_name, model, client"
FACETS_NAIVE = """
SELECT session_id, initiator_id, min(started_at), max(started_at), provider, provider_name, model, client
FROM aibridge_interceptions WHERE ended_at IS NOT NULL
GROUP BY session_id, initiator_id, provider, provider_name, model, client
ORDER BY session_id, initiator_id, provider_name, model, client
"""


async def exact(psql: Connection) -> int:
    """Asserts that what is kept is what a naive query finds; returns the number of sessions."""
    kept, naive = await psql.fetch(KEPT), await psql.fetch(NAIVE)
    assert [tuple(row) for row in kept] == [tuple(row) for row in naive]
    facets, naive_facets = await psql.fetch(FACETS_KEPT), await psql.fetch(FACETS_NAIVE)
    assert [tuple(row) for row in facets] == [tuple(row) for row in naive_facets]
    return len(kept)
