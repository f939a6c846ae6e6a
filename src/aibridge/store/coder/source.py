"""Reading a Coder deployment's database, page by page, each page in one snapshot."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import StoreError, StoreUnavailable
from aibridge.store.coder.rows import (
    Children,
    CoderInterception,
    CoderModelThought,
    CoderTokenUsage,
    CoderToolUsage,
    CoderUser,
    CoderUserPrompt,
    Kind,
    Weight,
)
from aibridge.store.connections import Connection, Dial
from aibridge.store.failures import mapped
from aibridge.store.sql import load_queries

QUERIES = load_queries(files("aibridge.store") / "queries" / "coder")

THOUGHTS = "aibridge_model_thoughts"
"""Younger than the rest."""

NEEDED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "users": frozenset({"id", "username"}),
        "aibridge_interceptions": frozenset({"id", "initiator_id", "provider", "model", "started_at", "ended_at"}),
        "aibridge_token_usages": frozenset({"id", "interception_id", "input_tokens", "output_tokens"}),
        "aibridge_user_prompts": frozenset({"id", "interception_id", "prompt"}),
        "aibridge_tool_usages": frozenset({"id", "interception_id", "tool", "input"}),
    }
)
"""Tables with the columns by which they are known for Coder's, in every generation."""

OURS = "aibridge_migrations"
"""A table that only aibridge's own databases have."""

_CANNOT = "The database to import from cannot be opened:"

Row = TypeVar("Row", bound=msgspec.Struct)

_CHILDREN: Mapping[Kind, type[msgspec.Struct]] = MappingProxyType(
    {
        Kind.TOKEN_USAGES: CoderTokenUsage,
        Kind.USER_PROMPTS: CoderUserPrompt,
        Kind.TOOL_USAGES: CoderToolUsage,
        Kind.MODEL_THOUGHTS: CoderModelThought,
    }
)


class CoderSource:
    """The tables of one deployment. Every method raises `StoreUnavailable` when the connection is lost."""

    def __init__(self, connection: Connection, *, thoughts: bool) -> None:
        self._connection = connection
        self._kinds = tuple(kind for kind in Kind if thoughts or kind is not Kind.MODEL_THOUGHTS)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Everything read inside is of one moment: a purge that comes meanwhile takes nobody's children away."""
        with mapped():
            async with self._connection.transaction(isolation="repeatable_read", readonly=True):
                yield

    async def number(self) -> int:
        """How many interceptions there are, in flight or not."""
        return int((await self._fetch("coder_interception_number"))[0][0])

    async def users(self, *, after: UUID, limit: int) -> list[CoderUser]:
        """People by id, behind `after`."""
        return _rows(await self._fetch("coder_users", after, limit), CoderUser)

    async def interceptions(self, *, after: tuple[datetime, UUID], limit: int) -> list[CoderInterception]:
        """Interceptions by start and id, behind `after`; those in flight too."""
        return _rows(await self._fetch("coder_interceptions", *after, limit), CoderInterception)

    async def weights(self, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[Kind, Weight]]:
        """What the children of these interceptions weigh; what has none is absent."""
        found = await self._fetch("coder_weights", ids)
        if Kind.MODEL_THOUGHTS in self._kinds:
            found += await self._fetch("coder_thought_weights", ids)
        weights: dict[UUID, dict[Kind, Weight]] = defaultdict(dict)
        for row in found:
            weights[row["interception_id"]][Kind(row["kind"])] = Weight(number=row["number"], bytes=int(row["bytes"]))
        return weights

    async def children(self, ids: Sequence[UUID]) -> Mapping[UUID, Children]:
        """The children of each of these interceptions."""
        found: dict[UUID, dict[str, list[Any]]] = {each: {} for each in ids}
        for kind in self._kinds:
            for row in await self._fetch(f"coder_{kind}", ids):
                found[row["interception_id"]].setdefault(kind, []).append(_row(row, _CHILDREN[kind]))
        return {each: Children(**of_one) for each, of_one in found.items()}

    async def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        with _lost():
            return await self._connection.fetch(QUERIES[name].sql, *arguments)


@asynccontextmanager
async def open_coder(dsn: str) -> AsyncIterator[CoderSource]:
    """The Coder deployment's database behind `dsn`, which is a direct address and not that of a transaction pooler.

    Raises `StoreUnavailable` when it cannot be reached, `StoreError` when it is not a Coder database.
    """
    connection = await _connect(dsn)
    try:
        columns = {row["table"]: set(row["columns"]) for row in await _look(connection)}
        _refuse_others(columns)
        yield CoderSource(connection, thoughts=THOUGHTS in columns)
    finally:
        connection.terminate()


async def _connect(dsn: str) -> Connection:
    # Planned again for each page: a plan for any cursor would read the whole table for every page.
    settings = {"default_transaction_read_only": "on", "plan_cache_mode": "force_custom_plan"}
    try:
        connection: Connection = await asyncpg.connect(
            **Dial(dsn=dsn, application_name="aibridge import").arguments(**settings)
        )
    except ValueError as error:  # whose words may hold a part of the password
        raise StoreUnavailable(f"{_CANNOT} It takes an address such as postgresql://user@host/name.") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError) as error:
        reason = str(error) or type(error).__name__
        raise StoreUnavailable(f"{_CANNOT} {reason}") from error
    return connection


async def _look(connection: Connection) -> list[asyncpg.Record]:
    with _lost():
        return await connection.fetch(QUERIES["coder_columns"].sql, [*NEEDED, THOUGHTS, OURS])


def _refuse_others(columns: Mapping[str, set[str]]) -> None:
    if OURS in columns:
        raise StoreError("--from names a database of aibridge itself. Name that of the Coder deployment.")
    for table, needed in NEEDED.items():
        if table not in columns:
            raise StoreError(f"--from names no Coder database with a record of AI Bridge: it has no table {table}.")
        if missing := needed - columns[table]:
            names = ", ".join(sorted(missing))
            raise StoreError(f"The table {table} of the database to import from lacks {names}: upgrade Coder first.")


def _row(row: asyncpg.Record, shape: type[Row]) -> Row:
    return msgspec.convert(dict(row), shape)


def _rows(rows: Sequence[asyncpg.Record], shape: type[Row]) -> list[Row]:
    return [_row(row, shape) for row in rows]


@contextmanager
def _lost() -> Iterator[None]:
    """Says which of the two databases it was that failed."""
    try:
        with mapped():
            yield
    except StoreError as error:
        raise StoreUnavailable(f"The database to import from: {error}") from error
