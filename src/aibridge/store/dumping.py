"""The database as a file and back, by PostgreSQL's own `pg_dump`, `pg_restore` and `psql`.

The programs come with the embedded server, newer than any server aibridge works with, so nothing must be installed.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from aibridge.errors import StoreError
from aibridge.store.connections import CONNECT_TIMEOUT, Connection
from aibridge.store.embedded.binaries import tool
from aibridge.store.failures import mapped

_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_FILLED = "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p'))"
_EMPTY_IT = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public"


def dump(dsn: str, to: Path | None) -> None:
    """Write a consistent copy in PostgreSQL's custom format, to the standard output when there is no file.

    The file is readable for its owner only, since it holds prompts, and appears when it is whole, in the place of one
    that was there.
    Raises `StoreError` with pg_dump's last words.
    """
    address, environment = _without_password(dsn)
    call = ("pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--dbname", address)
    if to is None:
        _run(*call, environment=environment)
        return
    try:
        with _arriving(to) as file:
            _run(*call, environment=environment, stdout=file)
    except OSError as error:
        raise StoreError(f"{to} cannot be written: {error.strerror}.") from error


@contextmanager
def _arriving(to: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `to` once it is whole: until then a dump of before stays what it is.

    What a link leads to is replaced, not the link. A pipe or a device is written to: replaced, it would be gone.
    """
    if to.exists() and not to.is_file():
        with to.open("wb") as file:
            yield file
        return
    to = to.resolve()
    unfinished = to.with_name(f"{to.name}.unfinished")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
        unfinished.replace(to)
    finally:
        unfinished.unlink(missing_ok=True)


async def refuse_restore(dsn: str, *, force: bool) -> None:
    """Raise `StoreError` when the database is in use, or holds something and `force` is not given."""
    with mapped():
        connection: Connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT, statement_cache_size=0)
        try:
            others, filled = await connection.fetchval(_OTHERS), await connection.fetchval(_FILLED)
        finally:
            await connection.close()
    if others:
        raise StoreError(
            f"The database is in use (other connections: {others}). Stop aibridge and all other programs on it."
        )
    if filled and not force:
        raise StoreError("The database is not empty. With --force, what it holds is replaced by the dump.")


def restore(dsn: str, dumped: Path) -> None:
    """Replace all that the database holds by the dump, in one transaction.

    Raises `StoreError` with the last words of pg_restore or psql; then nothing has changed.
    """
    address, environment = _without_password(dsn)
    with tempfile.TemporaryDirectory() as folder:  # whole before psql starts: it would commit what a broken pipe left
        statements = Path(folder) / "statements.sql"
        _run("pg_restore", "--no-owner", "--no-privileges", "--file", str(statements), str(dumped))
        once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
        replace = ("--command", _EMPTY_IT, "--file", str(statements))
        _run("psql", *once, *replace, "--dbname", address, environment=environment)


def _run(
    program: str, *arguments: str, environment: Mapping[str, str] | None = None, stdout: IO[bytes] | None = None
) -> None:
    call = [str(tool(program)), *arguments]
    ended = subprocess.run(call, env=environment, stdout=stdout, stderr=subprocess.PIPE, check=False)  # noqa: S603 - ours
    if ended.returncode != 0:
        said = [line for line in ended.stderr.decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in said if "rror:" in line or "FATAL:" in line]
        raise StoreError((telling or said or [f"{program} failed without a word"])[0])


def _without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """The address, and an environment with the password: arguments are shown to everybody by `ps`."""
    parts = urlsplit(dsn)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if parts.password is None:
        return dsn, environment
    user, host = parts.netloc.rpartition("@")[0].partition(":")[0], parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}")), {**environment, "PGPASSWORD": unquote(parts.password)}
