"""The plans of the statements as the gateway sends them, from the server's log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import uvloop

LARGE = frozenset(
    {
        *("aibridge_interceptions", "aibridge_user_prompts", "aibridge_token_usages", "aibridge_tool_usages"),
        *("aibridge_model_thoughts", "aibridge_sessions", "aibridge_session_facets", "aibridge_search"),
        "aibridge_usage",
    }
)
"""Tables that grow with the record. Dictionaries and counts grow with what differs in it."""
_SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_level": "warning",
}
_PLAN = re.compile(r" ms  plan:$", re.MULTILINE)
_READ_WHOLE = re.compile(r"Seq Scan on (\w+)")


def count_plans(log: str) -> int:
    """Return how many plans are in this piece of a log."""
    return len(_PLAN.findall(log))


def whole_readings(log: str) -> frozenset[str]:
    """Return the large tables that the plans in this piece of a log read from end to end."""
    return LARGE.intersection(_READ_WHOLE.findall(log))


@contextmanager
def explained(dsn: str) -> Iterator[None]:
    """Have the server write down every plan, of connections made during the block. Takes a superuser."""
    uvloop.run(_alter(dsn, [f"SET {name} = '{value}'" for name, value in _SETTINGS.items()]))
    try:
        yield
    finally:
        uvloop.run(_alter(dsn, [f"RESET {name}" for name in _SETTINGS]))


async def _alter(dsn: str, changes: list[str]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("LOAD 'auto_explain'")  # whose settings can be set only where it is known
        database = await connection.fetchval("SELECT quote_ident(current_database())")
        for change in changes:
            await connection.execute(f"ALTER DATABASE {database} {change}")
    finally:
        await connection.close()
