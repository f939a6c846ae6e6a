"""Tokens of caches, where the columns do not tell them."""

from typing import Any

import msgspec

from aibridge.recording.storable import Notes, count
from aibridge.records import Metadata

READS = ("cache_read_input", "input_cached", "prompt_cached")
"""Names of one figure in three APIs: Anthropic's messages, OpenAI's responses and chat completions."""
WRITES = "cache_creation_input"
"""Includes what Anthropic tells apart by lifetime (`cache_ephemeral_5m_input`, `cache_ephemeral_1h_input`)."""


class Caches(msgspec.Struct, frozen=True):
    """Tokens read from and written to caches."""

    read: int | None
    write: int | None


def caches(read: int, write: int, metadata: Metadata, notes: Notes) -> Caches:
    """What the columns say; where both are zero, what the metadata says.

    Rows older than the columns have zeros there. Of the names of one figure the greatest counts, never the sum: a row
    that bears two of them tells the same tokens twice.
    """
    if read or write:
        return Caches(count(read, "cache_read_input_tokens", notes), count(write, "cache_write_input_tokens", notes))
    return Caches(
        max(_figure(metadata.get(key), key, notes) for key in READS), _figure(metadata.get(WRITES), WRITES, notes)
    )


def _figure(value: Any, key: str, notes: Notes) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) <= 19 else value  # noqa: PLR2004 - digits of 2^63-1
    return count(value, f"metadata.{key}", notes) or 0
