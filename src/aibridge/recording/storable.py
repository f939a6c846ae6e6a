"""Making every value one that PostgreSQL accepts, so that a bad value costs only itself.

PostgreSQL text cannot hold U+0000, JSON in UTF-8 cannot hold lone surrogates, an index entry has to fit on a page, and
a bigint has 64 bits. What had to be changed is named in a note, so that a reader knows.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

MAX_INDEXED_BYTES = 512
"""Bytes of UTF-8 for text that an index holds; a B-tree entry fits 2704."""
MAX_SESSION_ID_CHARS = 256
"""Characters, as in the reference system's varchar(256)."""
MAX_TEXT_CHARS = 16 * 2**20
"""Characters of one recorded text. Far above what any provider accepts or sends; PostgreSQL refuses 1 GiB."""
MAX_ERROR_BYTES = 1024
MAX_METADATA_BYTES = 16 * 1024
MAX_METADATA_LEVELS = 32
MIN_CUT_BYTES = 64
"""Less is not worth keeping of a text."""
MAX_BIGINT = 2**63 - 1

_REPLACEMENT = "\ufffd"
_UNSTORABLE = dict.fromkeys((0, *range(0xD800, 0xE000)), _REPLACEMENT)
_MANY_DIGITS = re.compile(rb"\d{19}")
"""May be a number beyond 64 bits."""
_encode = msgspec.json.Encoder().encode


class Notes:
    """Collects what had to be changed; each note once."""

    __slots__ = ("_notes",)

    def __init__(self, notes: tuple[str, ...] = ()) -> None:
        self._notes: dict[str, None] = dict.fromkeys(notes) if notes else {}

    def add(self, note: str) -> None:
        """Remember a note."""
        self._notes[note] = None

    def told(self) -> tuple[str, ...]:
        """Return all notes in the order of their first appearance."""
        return tuple(self._notes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._notes)


def text(value: str, field: str, notes: Notes) -> str:
    """Return `value` without U+0000 and lone surrogates, cut at `MAX_TEXT_CHARS`."""
    if not _is_clean(value):
        value = value.translate(_UNSTORABLE)
        notes.add(f"{field}: unstorable characters replaced by U+FFFD")
    if len(value) > MAX_TEXT_CHARS:
        value = value[:MAX_TEXT_CHARS]
        notes.add(f"{field}: cut at {MAX_TEXT_CHARS} characters")
    return value


def indexed(value: str, field: str, notes: Notes) -> str:
    """Return clean text of at most `MAX_INDEXED_BYTES` bytes."""
    if len(value) <= MAX_INDEXED_BYTES and value.isascii() and "\0" not in value:
        return value  # nearly every one, ten to a request
    return _cut_bytes(text(value, field, notes), MAX_INDEXED_BYTES, field, notes)


def optional_text(value: str | None, field: str, notes: Notes) -> str | None:
    """Like `text`; None is absent."""
    return None if value is None else text(value, field, notes)


def optional_indexed(value: str | None, field: str, notes: Notes) -> str | None:
    """Like `indexed`; None and the empty string are both absent."""
    return indexed(value, field, notes) if value else None


def session_id(value: str | None, notes: Notes) -> str | None:
    """Return a trimmed client session id of at most 256 characters; blank is none."""
    if value is None:
        return None
    value = text(value, "client_session_id", notes).strip()
    if len(value) > MAX_SESSION_ID_CHARS:
        value = value[:MAX_SESSION_ID_CHARS]
        notes.add(f"client_session_id: cut at {MAX_SESSION_ID_CHARS} characters")
    return value or None


def error_message(value: str, notes: Notes) -> str:
    """Return clean text of at most 1024 bytes, as the reference system keeps."""
    return _cut_bytes(text(value, "error_message", notes), MAX_ERROR_BYTES, "error_message", notes)


def count(value: Any, field: str, notes: Notes) -> int | None:
    """Return a token count that fits a bigint, or None with a note."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_BIGINT:
        notes.add(f"{field}: not a count in 0..2^63-1, dropped")
        return None
    return value


def metadata(value: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Return a JSON object of at most 16 KiB and 32 levels.

    What does not fit is dropped key by key, with a note; a text is cut, since it may be a prompt (`side_prompt`).
    """
    if not value:
        return {}
    if _is_plain(value):
        return dict(value)
    clean: dict[str, Any] = {}
    left = MAX_METADATA_BYTES
    for key, member in value.items():
        stored = _json_value(member, notes, MAX_METADATA_LEVELS - 1)
        name = text(str(key), "metadata", notes)
        size = len(_encode(stored)) + len(name.encode())
        if size > left and isinstance(stored, str) and left - len(name.encode()) > MIN_CUT_BYTES:
            notes.add(f"metadata.{name[:64]}: cut, metadata is bounded to {MAX_METADATA_BYTES} bytes")
            stored = _cut_json(stored, left - len(name.encode()))
            size = len(_encode(stored)) + len(name.encode())
        if size > left:
            notes.add(f"metadata.{name[:64]}: dropped, metadata is bounded to {MAX_METADATA_BYTES} bytes")
            continue
        left -= size
        clean[name] = stored
    return clean


def _is_plain(value: Mapping[str, Any]) -> bool:
    """Whether the whole object can be stored as it is: the usual case, decided by encoding it once."""
    try:
        encoded = _encode(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return False
    return (
        len(encoded) <= MAX_METADATA_BYTES
        and encoded.count(b"{") + encoded.count(b"[") <= MAX_METADATA_LEVELS
        and b"\\u0000" not in encoded
        and _MANY_DIGITS.search(encoded) is None
    )


def _is_clean(value: str) -> bool:
    if "\0" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cut_bytes(value: str, limit: int, field: str, notes: Notes) -> str:
    if len(value) * 4 <= limit or len(value.encode()) <= limit:
        return value
    notes.add(f"{field}: cut at {limit} bytes")
    return value.encode()[:limit].decode(errors="ignore")


def _cut_json(value: str, limit: int) -> str:
    """Cut so that the value written as JSON has at most `limit` bytes; an escape takes up to six."""
    written = value.encode()
    cut = written[: limit - 2].decode(errors="ignore")
    return cut if len(_encode(cut)) <= limit else written[: (limit - 2) // 6].decode(errors="ignore")


def _json_value(value: Any, notes: Notes, levels: int) -> Any:
    if isinstance(value, str):
        return text(value, "metadata", notes)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value, notes)
    return _container(value, notes, levels)


def _container(value: Any, notes: Notes, levels: int) -> Any:
    if levels == 0:
        return _dropped(f"more than {MAX_METADATA_LEVELS} levels", notes)
    if isinstance(value, Mapping):
        return {text(str(key), "metadata", notes): _json_value(v, notes, levels - 1) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(v, notes, levels - 1) for v in value]
    return _dropped(f"a value of type {type(value).__name__}", notes)


def _number(value: Any, notes: Notes) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return _dropped("a number that is not finite", notes)
    if isinstance(value, int) and abs(value) > MAX_BIGINT:
        return _dropped("an integer beyond 64 bits", notes)
    return int(value) if value == int(value) and abs(value) <= MAX_BIGINT else value


def _dropped(what: str, notes: Notes) -> Any:
    notes.add(f"metadata: {what} was dropped")
    return None
