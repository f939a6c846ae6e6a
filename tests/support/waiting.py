"""Waiting in a test until the database is so far; nothing here sleeps."""

from aibridge.store.connections import Connection

SOMEBODY_WAITS = (
    "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
"""For a lock that another connection to the test's database holds."""


async def until(psql: Connection, condition: str, *arguments: object) -> None:
    """Ask again and again until the query answers true; inside a transaction too."""
    while not await psql.fetchval(condition, *arguments):
        await psql.execute("SELECT pg_stat_clear_snapshot()")
