"""What the driver and the server say when something fails, turned into `aibridge.errors`, in this one place."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from aibridge.errors import RowsRefused, SchemaMismatch, StoreConflict, StoreError, StoreUnavailable

ATTEMPTS = 20
"""At one transaction that comes to a deadlock with gateways that write to the same sessions."""

_VALUE_CLASSES = frozenset({"21", "22", "23", "54"})
"""SQLSTATE classes that blame a value: cardinality, data exception, integrity constraint, program limit."""

_CODE_CLASSES = frozenset({"42", "3F", "P0"})
"""SQLSTATE classes that blame the statement: the schema is not the one this code was written for."""

_TOO_BIG = "invalid memory alloc request size"
"""PostgreSQL's words for a single value beyond 1 GB, which it raises as an internal error (XX000)."""


def _of_server(error: asyncpg.PostgresError) -> StoreError:
    state = error.sqlstate or "XX000"
    message = f"{error} ({state})"
    if state.startswith("40"):
        return StoreConflict(message)
    if state[:2] in _VALUE_CLASSES or _TOO_BIG in str(error):
        return RowsRefused(message)
    if state[:2] in _CODE_CLASSES:
        return SchemaMismatch(message)
    return StoreUnavailable(message)


def store_error(error: Exception) -> StoreError:
    """The `aibridge.errors` for what the driver raised: all but a refusal means that the server is out of reach."""
    if isinstance(error, asyncpg.PostgresError):
        return _of_server(error)
    refused_argument = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return RowsRefused(reason) if refused_argument else StoreUnavailable(f"The database does not answer ({reason}).")


@contextmanager
def mapped() -> Iterator[None]:
    """Raises `StoreUnavailable`, `StoreConflict`, `RowsRefused` or `SchemaMismatch` for what the driver raises."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError) as error:
        raise store_error(error) from error


@contextmanager
def encoding() -> Iterator[None]:
    """Raises `RowsRefused` for a value that cannot be made JSON."""
    try:
        yield
    except (UnicodeError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise RowsRefused(f"{type(error).__name__}: {error}") from error


_T = TypeVar("_T")


async def past_conflicts(transaction: Callable[[], Awaitable[_T]]) -> _T:
    """Try a whole transaction again after a `StoreConflict`: whoever it met has gone on. The last one is raised."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await transaction()
        except StoreConflict:
            continue
    return await transaction()
