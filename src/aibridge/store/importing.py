"""Writing a record that another system has kept: whole interceptions at once, each once however often it is offered."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from aibridge.errors import StoreError
from aibridge.pricing import OwnPrice
from aibridge.records import (
    CredentialKind,
    ErrorType,
    Metadata,
    ModelThoughtRow,
    Outcome,
    ProviderType,
    Role,
    TokenUsageRow,
    ToolUsageRow,
    UserPromptRow,
    UserStatus,
)
from aibridge.store.connections import Connection, Dial, teach_json
from aibridge.store.failures import encoding, mapped, past_conflicts
from aibridge.store.prices import Prices
from aibridge.store.sessions import add
from aibridge.store.sql import sql

GATEWAY = UUID("00000000-0000-8000-8000-696d706f7274")
"""Stands for the processes that carried what was imported, which nobody knows. Its last six bytes read "import"."""

WRITE_TIMEOUT = 120.0
"""Seconds until a statement is given up: its batch is then not on record, and the next import adds it."""

_PLANS = {"enable_seqscan": "off", "enable_mergejoin": "off"}
"""Plans are made when the tables may still be empty, and kept: they must not scan what grows with every batch."""

_LOCK = 0x61696272_696D7074
"""Key of the advisory lock: "aibrimpt" in ASCII."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user as this system would have them."""

    id: UUID
    username: str
    name: str
    email: str | None
    avatar_url: str
    role: Role
    status: UserStatus
    created_at: datetime | None
    """None: now."""


class Bearer(msgspec.Struct, frozen=True, kw_only=True):
    """Who bears a name here already."""

    id: UUID
    email: str | None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """An ended interception with all that belongs to it. Every value is storable."""

    id: UUID
    initiator_id: UUID
    thread_parent_id: UUID | None
    thread_root_id: UUID | None
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    error_type: ErrorType | None
    error_message: str | None
    provider: ProviderType
    provider_name: str
    model: str
    provider_response_id: str
    client: str
    client_session_id: str | None
    api_token_id: str
    credential_kind: CredentialKind
    credential_hint: str
    notes: tuple[str, ...]
    metadata: Metadata
    user_prompts: tuple[UserPromptRow, ...]
    token_usages: tuple[TokenUsageRow, ...]
    tool_usages: tuple[ToolUsageRow, ...]
    model_thoughts: tuple[ModelThoughtRow, ...]

    @property
    def session_id(self) -> str:
        """As the database makes it of the same columns."""
        return self.client_session_id or str(self.thread_root_id or self.id)


class Importer:
    """Adds to the record beside running gateways. All of it raises `StoreUnavailable` when the connection is lost."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._encoder = msgspec.json.Encoder()

    async def own_prices(self) -> list[OwnPrice]:
        """The deployment's own prices."""
        return await Prices(self._connection).own()

    async def known_users(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these are users here, whatever their status."""
        return await self._known("known_users", ids)

    async def known_interceptions(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these are on record, whoever asked."""
        return await self._known("known_interceptions", ids)

    async def erased(self, rows: Sequence[Imported]) -> set[UUID]:
        """Which of these belong to what somebody has had erased here: they stay erased."""
        columns = zip(*((row.id, row.initiator_id, row.started_at, row.session_id) for row in rows), strict=True)
        with mapped():
            found = await self._connection.fetch(sql("erased_interceptions"), *map(list, columns))
        return {row["id"] for row in found}

    async def bearer(self, username: str) -> Bearer | None:
        """Who bears this name now; a deleted user bears none."""
        with mapped():
            row = await self._connection.fetchrow(sql("find_user_by_name"), username)
        return Bearer(id=row["id"], email=row["email"]) if row else None

    async def add_user(self, account: Account) -> bool:
        """Add a user; False when the name is taken."""
        with mapped():
            added = await self._connection.fetchval(
                sql("import_user"),
                *(account.id, account.username, account.name, account.email, account.avatar_url),
                *(account.role, account.status, account.created_at),
            )
        return added is not None

    async def write(self, batch: Sequence[Imported]) -> set[UUID]:
        """Add interceptions in one transaction and return the ids of those that were not on record.

        Sessions and totals are computed in the same transaction. Raises `RowsRefused` when a value is refused; then
        nothing of the batch is on record.
        """
        with encoding():
            rows = self._encoder.encode(batch)
        return await past_conflicts(lambda: self._write(rows))

    async def _write(self, rows: bytes) -> set[UUID]:
        with mapped():
            async with self._connection.transaction():
                added = await self._connection.fetch(sql("import_interceptions"), rows, GATEWAY)
                if added:
                    await add(self._connection, added)
        return {row["id"] for row in added}

    async def _known(self, query: str, ids: Collection[UUID]) -> set[UUID]:
        with mapped():
            return {row["id"] for row in await self._connection.fetch(sql(query), list(ids))}


@asynccontextmanager
async def open_importer(dsn: str) -> AsyncIterator[Importer]:
    """The migrated database behind `dsn`, a direct address: one import holds it at a time, until its connection ends.

    Raises `StoreError` while another import runs.
    """
    dial = Dial(dsn=dsn, application_name="aibridge import")
    with mapped():
        connection: Connection = await asyncpg.connect(**dial.arguments(**_PLANS), command_timeout=WRITE_TIMEOUT)
    try:
        with mapped():
            await teach_json(connection)
            alone = await connection.fetchval(sql("lock_imports"), _LOCK)
        if not alone:
            raise StoreError("Another import into this database is running. Wait until it has finished.")
        yield Importer(connection)
    finally:
        connection.terminate()
