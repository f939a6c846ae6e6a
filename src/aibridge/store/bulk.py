"""Filling the record in bulk: rows by COPY, roll-ups by few large statements. For seeding, not for traffic.

An empty record is filled in one transaction: either all of it is there afterwards or nothing, indexes included. They
are dropped before and made again after, by their own definitions, which costs a fraction of keeping them up meanwhile.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import StoreError
from aibridge.records import Role
from aibridge.store.connections import CONNECT_TIMEOUT, Connection
from aibridge.store.failures import mapped
from aibridge.store.sessions import add
from aibridge.store.sql import sql

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "aibridge_interceptions": (
        *("id", "initiator_id", "gateway_id", "thread_parent_id", "thread_root_id", "started_at", "ended_at"),
        *("time_to_first_byte_us", "status_code", "streaming", "side_request", "partial", "unread"),
        *("outcome", "error_type", "error_message", "provider", "provider_name", "endpoint", "model"),
        *("response_model", "provider_response_id", "client", "client_session_id", "correlating_tool_call_id"),
        *("agent_id", "parent_agent_id", "api_token_id", "credential_kind", "credential_type", "credential_hint"),
        *("body_sha256_received", "body_sha256_sent", "mutations", "notes", "metadata"),
    ),
    "aibridge_user_prompts": ("interception_id", "id", "initiator_id", "created_at", "prompt", "metadata"),
    "aibridge_token_usages": (
        *("interception_id", "id", "initiator_id", "created_at", "input_tokens", "output_tokens"),
        *("cache_read_input_tokens", "cache_write_input_tokens", "partial", "provider_response_id", "metadata"),
        *("cost_micros", "cost_lower_bound", "input_price_micros", "output_price_micros", "cache_read_price_micros"),
        *("cache_write_price_micros", "cache_write_1h_price_micros", "price_source", "price_listed_as", "price_since"),
    ),
    "aibridge_tool_usages": (
        *("interception_id", "id", "initiator_id", "created_at", "injected", "tool", "input"),
        *("provider_tool_call_id", "provider_item_id", "provider_response_id", "server_url", "invocation_error"),
        "metadata",
    ),
    "aibridge_model_thoughts": (
        *("interception_id", "id", "initiator_id", "created_at", "source", "content", "metadata"),
    ),
}
"""Table → the columns of its rows, in order. `metadata` is JSON text."""

ROLL_UPS = (
    "aibridge_combinations",
    "aibridge_session_facets",
    "aibridge_sessions",
    "aibridge_combination_sets",
    "aibridge_tool_sets",
    "aibridge_interception_counts",
    "aibridge_search",
)
"""Made from the rows by `fill_<table>`, in this order: sessions take their combinations from the facets."""

EMPTY = ("aibridge_model_answers", "aibridge_tool_results")
"""They hang on interceptions, too, and nothing comes into them here."""

TABLES = (*COLUMNS, *ROLL_UPS, *EMPTY)

LOCK_TIMEOUT = "10s"
"""For the tables, which nobody else can use while an empty record is filled."""

Row = tuple[Any, ...]
UNPRICED: Row = (None, False, *(None,) * 8)
"""The end of a token usage's row that nobody has priced."""

Tell = Callable[[str], None]
"""Hears what begins: `rows`, `roll-ups`, `indexes`, `usage`, `statistics`."""


class Rows(msgspec.Struct, frozen=True):
    """Ended interceptions and what belongs to them; each row is a tuple in the order of `COLUMNS`."""

    interceptions: list[Row]
    user_prompts: list[Row]
    token_usages: list[Row]
    tool_usages: list[Row]
    model_thoughts: list[Row]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user to be there before the rows."""

    id: UUID
    """Of the user that is made when there is none of the name."""
    username: str
    name: str
    email: str
    role: Role


class Filling(Protocol):
    """A record that is being filled."""

    async def accounts(self, wanted: Sequence[Account]) -> list[UUID]:
        """Make the users that are missing; return the ids of all, in step with `wanted`."""
        ...

    async def put(self, rows: Rows) -> None:
        """Put rows on record. All interceptions of a session should come close to each other."""
        ...


class _Copying:
    """COPY of rows, without anything that depends on them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def accounts(self, wanted: Sequence[Account]) -> list[UUID]:
        columns = [
            [str(getattr(account, field)) for account in wanted] for field in ("username", "name", "email", "role")
        ]
        found = await self._connection.fetch(sql("fill_users"), [account.id for account in wanted], *columns)
        ids = {row["username"]: row["id"] for row in found}
        return [ids[account.username] for account in wanted]

    async def put(self, rows: Rows) -> None:
        for (table, columns), records in zip(COLUMNS.items(), msgspec.structs.astuple(rows), strict=True):
            await self._connection.copy_records_to_table(table, records=records, columns=columns)


class _Adding(_Copying):
    """The same beside a record that is in use: every call is a transaction that keeps the roll-ups exact."""

    async def put(self, rows: Rows) -> None:
        async with self._connection.transaction():
            await super().put(rows)
            ended = await self._connection.fetch(sql("sessions_of_rows"), [row[0] for row in rows.interceptions])
            await add(self._connection, ended)


async def interceptions_on_record(dsn: str) -> int:
    """How many interceptions there are, those in flight too. Raises `StoreUnavailable`."""
    async with _connected(dsn) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM aibridge_interceptions"))


@asynccontextmanager
async def fill_empty(dsn: str, tell: Tell) -> AsyncIterator[Filling]:
    """Fill a record that holds no interceptions, all of it or nothing; meanwhile nobody else can use its tables.

    Raises:
        StoreError: it holds some, or somebody is using it.
        StoreUnavailable: the server cannot be reached.

    """
    async with _connected(dsn) as connection:
        async with connection.transaction():
            await _take(connection)
            dropped = await _drop_keys(connection)
            tell("rows")
            yield _Copying(connection)
            tell("roll-ups")
            for table in COLUMNS:
                await connection.execute(f"ANALYZE {table}")
            for table in ROLL_UPS:
                await connection.execute(sql(f"fill_{table.removeprefix('aibridge_')}"))
            tell("indexes")
            for statement in dropped:
                await connection.execute(statement)
            tell("usage")  # row by row through the indexes, and beside what a record that was removed has left there
            await connection.execute(sql("fill_usage"))
        await _settle(connection, tell)


@asynccontextmanager
async def fill_beside(dsn: str, tell: Tell) -> AsyncIterator[Filling]:
    """Add to a record that is in use. Slower; what was put before a failure stays. Raises `StoreUnavailable`."""
    async with _connected(dsn) as connection:
        tell("rows")
        yield _Adding(connection)
        await _settle(connection, tell)


async def _take(connection: Connection) -> None:
    """Lock the tables and make sure that they are empty.

    Emptying a table in the transaction that fills it spares the write-ahead log where the server may do without
    (`wal_level = minimal`, as the embedded one has it).
    """
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    await connection.execute("SET LOCAL work_mem = '256MB'; SET LOCAL maintenance_work_mem = '512MB'")
    try:
        await connection.execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE")
    except asyncpg.LockNotAvailableError as error:
        raise StoreError("The record is in use: stop every aibridge on this database first.") from error
    if await connection.fetchval("SELECT EXISTS (SELECT FROM aibridge_interceptions)"):
        raise StoreError("There are interceptions on record already.")
    await connection.execute(f"TRUNCATE {', '.join(TABLES)}")


async def _drop_keys(connection: Connection) -> list[str]:
    """Drop indexes, keys and foreign keys; return the statements that make them again, in an order that works."""
    keys = await connection.fetch(sql("keys_of_tables"), TABLES)
    indexes = await connection.fetch(sql("indexes_of_tables"), TABLES)
    for key in reversed(keys):
        await connection.execute(f"ALTER TABLE {key['relation']} DROP CONSTRAINT {key['name']}")
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    made = [f"ALTER TABLE {key['relation']} ADD CONSTRAINT {key['name']} {key['definition']}" for key in keys]
    return [*(index["definition"] for index in indexes), *made]


async def _settle(connection: Connection, tell: Tell) -> None:
    """What autovacuum would come to in its own time: an index is read alone only where pages are all visible."""
    tell("statistics")
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}, aibridge_usage, users")


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    with mapped():
        settings = {"application_name": "aibridge seed", "jit": "off", "timezone": "UTC"}
        connection: Connection = await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT, statement_cache_size=0, server_settings=settings
        )
        try:
            yield connection
        finally:
            connection.terminate()
