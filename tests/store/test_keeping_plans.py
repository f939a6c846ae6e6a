"""Every batch finds its rows by an index: with tables of millions it is repeated thousands of times."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from aibridge.store.connections import Connection
from aibridge.store.sql import sql

ONE, MANY = uuid4(), [uuid4() for _ in range(250)]
MONTH = timedelta(days=30)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("hold_aged", (MONTH, 250)),
        ("hold_aged_in_flight", (MONTH, 250)),
        ("hold_of_user", (ONE, 250)),
        ("hold_of_user_in_flight", (ONE, 250)),
        ("hold_of_session", ("s", ONE, 250)),
        ("hold_of_session_in_flight", ("s", ONE, 250)),
        ("initiators_in_session", ("s", None)),
        ("counted_of", (MANY,)),
        ("remove_interceptions", (MANY,)),
    ],
)
async def test_nothing_is_read_whole(
    psql: Connection, query: str, arguments: tuple[timedelta | UUID | int | str | list[UUID] | None, ...]
) -> None:
    """Where a table is small the planner reads it whole; told not to, it does so only where no index serves."""
    await psql.execute("SET enable_seqscan = off")
    plan = [row[0] for row in await psql.fetch(f"EXPLAIN {sql(query)}", *arguments)]
    assert [line for line in plan if "Seq Scan" in line] == []
    assert any("Index" in line for line in plan)
