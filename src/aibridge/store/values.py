"""Menus: which models, clients and provider names are on record, by how they begin.

The dictionary of combinations keeps every value there ever was, in code-point order (`COLLATE "C"`); the counts tell
which of them still have interceptions, and for one person the sessions do.
"""

from typing import Literal
from uuid import UUID

from aibridge.store.connections import PooledConnection
from aibridge.store.sql import sql
from aibridge.store.text import can_be_stored

Kind = Literal["models", "unpriced_models", "clients", "providers"]

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
"""Code points that no text holds."""


async def values(
    connection: PooledConnection, kind: Kind, viewer: UUID | None, prefix: str, *, limit: int, offset: int
) -> list[str]:
    """The distinct values of ended interceptions (of `viewer`, or of everyone with None) that begin with `prefix`."""
    if not can_be_stored(prefix):
        return []
    bounds = prefix, beyond(prefix)
    if kind == "unpriced_models":
        rows = await connection.fetch(sql(kind), *bounds, limit, offset, viewer)
    elif viewer is None:
        rows = await connection.fetch(sql(kind), *bounds, limit, offset)
    else:
        rows = await connection.fetch(sql("values_of_one"), *bounds, limit, offset, viewer, kind)
    return [row["name"] for row in rows]


def beyond(prefix: str) -> str | None:
    """The first text after all that begin with `prefix`, by code points; None when every later text begins so."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
