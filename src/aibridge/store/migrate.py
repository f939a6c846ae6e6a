"""Brings a database to the schema of this version. How migrations are written: `migrations/README.md`."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import msgspec

from aibridge.errors import SchemaMismatch
from aibridge.store.connections import CONNECT_TIMEOUT, Connection
from aibridge.store.failures import mapped

_LOCK = 0x61696272_6D696772
"""Key of the advisory lock: "aibrmigr" in ASCII. Held by transaction, so a transaction pooler may stand in between."""

_HISTORY = """
CREATE TABLE IF NOT EXISTS aibridge_migrations (
    name       text        NOT NULL,
    sha256     bytea       NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT aibridge_migrations_pkey PRIMARY KEY (name)
)
"""

_FILE = re.compile(r"^\d{4}_[a-z0-9_]+\.sql$")


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One file of `migrations/`."""

    name: str
    """The file's name without `.sql`, e.g. `0001_people`."""
    sql: str
    sha256: bytes


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the database's own history."""

    sha256: bytes
    applied_at: datetime


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How far a database is."""

    applied: Mapping[str, datetime]
    pending: Sequence[str]


def load_migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """The migrations of this version, in order."""
    folder = folder or files("aibridge.store") / "migrations"
    found = sorted((file for file in folder.iterdir() if _FILE.match(file.name)), key=lambda file: file.name)
    return tuple(
        Migration(name=file.name.removesuffix(".sql"), sql=text, sha256=hashlib.sha256(text.encode()).digest())
        for file in found
        for text in [file.read_text(encoding="utf-8")]
    )


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Applies what is missing and returns the names; safe to run from several processes at once.

    Raises `SchemaMismatch` when the database's history differs from this version's, `StoreUnavailable` when it cannot
    be reached. Takes the direct address of the server or that of a transaction pooler.
    """
    migrations = load_migrations() if migrations is None else migrations
    done: list[str] = []
    connection = await _connect(dsn)
    try:
        with mapped():
            while (name := await _apply_next(connection, migrations)) is not None:
                done.append(name)
    finally:
        connection.terminate()
    return done


async def status(dsn: str) -> Status:
    """What is applied and what is pending. Raises like `migrate`."""
    migrations = load_migrations()
    connection = await _connect(dsn)
    try:
        with mapped():
            exists = await connection.fetchval("SELECT to_regclass('aibridge_migrations') IS NOT NULL")
            history = await _history(connection) if exists else {}
    finally:
        connection.terminate()
    _compare(history, migrations)
    return Status(
        applied={name: line.applied_at for name, line in history.items()},
        pending=[migration.name for migration in migrations if migration.name not in history],
    )


async def _connect(dsn: str) -> Connection:
    with mapped():
        connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT, statement_cache_size=0)
    return connection


async def _apply_next(connection: Connection, migrations: Sequence[Migration]) -> str | None:
    """One transaction: the lock, the comparison, the first pending migration and its line in the history."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute("SET LOCAL client_min_messages = warning")
        await connection.execute(_HISTORY)
        history = await _history(connection)
        _compare(history, migrations)
        pending = next((migration for migration in migrations if migration.name not in history), None)
        if pending is None:
            return None
        await connection.execute(pending.sql)
        await connection.execute(
            "INSERT INTO aibridge_migrations (name, sha256) VALUES ($1, $2)", pending.name, pending.sha256
        )
        return pending.name


async def _history(connection: Connection) -> dict[str, Applied]:
    rows = await connection.fetch("SELECT name, sha256, applied_at FROM aibridge_migrations ORDER BY name")
    return {row["name"]: Applied(sha256=row["sha256"], applied_at=row["applied_at"]) for row in rows}


def _compare(history: Mapping[str, Applied], migrations: Sequence[Migration]) -> None:
    known = {migration.name: migration for migration in migrations}
    for name, line in history.items():
        if name not in known:
            raise SchemaMismatch(
                f"The database has the migration {name}, which this version of aibridge does not know: "
                "a newer version has been here. Run that version or a newer one."
            )
        if known[name].sha256 != line.sha256:
            raise SchemaMismatch(
                f"The migration {name} was applied to this database with another content than this version has. "
                "A released migration is never edited: install an unmodified aibridge."
            )
    newest = max(history, default="")
    for name in known:
        if name < newest and name not in history:
            raise SchemaMismatch(f"The database has {newest} but lacks {name}, which comes before it.")
