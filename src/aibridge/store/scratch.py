"""A database that is thrown away and made again at every start. Nothing of value may be in one."""

from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from aibridge.errors import SettingsError, StoreError
from aibridge.store.connections import CONNECT_TIMEOUT, Connection
from aibridge.store.failures import mapped

_MARK = "made by aibridge, which drops it without asking"
"""The comment on such a database: one of the same name without it is somebody else's and stays."""


async def recreate(server: str, name: str) -> str:
    """Drop the database `name` on the server behind the DSN `server`, make it again, and return its DSN.

    Raises:
        SettingsError: there is one that was not made here, or the role may not create databases.
        StoreError: somebody is connected to it.
        StoreUnavailable: the server cannot be reached.

    """
    with mapped():
        connection: Connection = await asyncpg.connect(server, timeout=CONNECT_TIMEOUT, statement_cache_size=0)
        try:
            await _drop(connection, name)
            await _create(connection, name)
        finally:
            connection.terminate()
    return urlunsplit(urlsplit(server)._replace(path=f"/{quote(name)}"))


async def _drop(connection: Connection, name: str) -> None:
    found = await connection.fetchrow(
        "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1", name
    )
    if found is None:
        return
    if found["comment"] != _MARK:
        raise SettingsError(f"There is a database {name} that aibridge did not make. Rename it or drop it yourself.")
    try:
        # Not WITH (FORCE): a database in use is that of another process, which would go on writing into nothing.
        await connection.execute(f'DROP DATABASE "{name}"')
    except asyncpg.ObjectInUseError as error:
        raise StoreError(
            f"The database {name} is in use: another aibridge works with it. End that one first."
        ) from error


async def _create(connection: Connection, name: str) -> None:
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.InsufficientPrivilegeError as error:
        raise SettingsError(
            f"The role of AIBRIDGE_DATABASE_URL may not create the database {name}. "
            "Give it CREATEDB, or leave the setting out: aibridge brings a PostgreSQL of its own."
        ) from error
    await connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{_MARK}'")
