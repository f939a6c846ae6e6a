"""Reading JSON that strangers wrote: fast where it is strict, patient where it is not, never raising for its content.

Providers accept lone surrogates, byte-order marks, nulls and nesting that a strict parser refuses. So every value is
read in stages: msgspec; then Python's `json`; then member by member, so that one unreadable value costs only itself.
"""

import json
import math
from typing import Any

import msgspec
from msgspec import Raw

from aibridge.dialects.dialect import Buffer
from aibridge.dialects.json_scan import scan, skip_space
from aibridge.dialects.notes import Notes

Value = Buffer | Raw
"""JSON text of one value, usually a view into its body."""

PATIENCE = 4
"""Levels of nesting that are taken apart member by member. Usage figures are at most three levels deep."""
_LONGEST_ESCAPE = 12
"""Bytes: two halves of a character beyond the basic plane, as in \\ud83d\\ude00."""
_SLACK = 64
"""Bytes read beyond what is wanted, so that what the cut tears is not missed."""
_BEYOND_ASCII = 0x80
_FIRST_HALVES = "".join(map(chr, range(0xD800, 0xDC00)))
"""Of characters beyond the basic plane: left over where their second halves were torn off."""
_CONTINUATION = bytes(range(0x80, 0xC0))
"""What follows the first byte of a character in UTF-8."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
INDEX = (int, float, str)
"""What may number the parts of an answer; OpenAI and Anthropic use whole numbers."""
UNREADABLE = "some values are not readable JSON"

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ARRAY = msgspec.json.Decoder(list[Raw])
_STRING = msgspec.json.Decoder(str)
_ANY = msgspec.json.Decoder()
_MAX_DIGITS = 4300
"""Python refuses to turn longer digits into an int (CVE-2020-10735)."""


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def parse(text: Value) -> Any:
    """Read one JSON value. Raises `ValueError` or `RecursionError` when no stage can read it whole."""
    try:
        return _ANY.decode(text)
    except (ValueError, RecursionError):
        return json.loads(decoded(text), parse_int=_integer, strict=False)


def value(text: Value | None, notes: Notes, patience: int = PATIENCE) -> Any:
    """Read one JSON value; what cannot be read is left out and noted. None when nothing is left, or for None."""
    if text is None:
        return None
    try:
        return _ANY.decode(text)
    except (ValueError, RecursionError):
        return _patient_value(text, notes, patience)


def _patient_value(text: Value, notes: Notes, patience: int) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError):
        notes.add(UNREADABLE)
    view = memoryview(text)
    members = scan(view) if patience else None
    if members is None:
        return None
    values = [value(view[member.start : member.end], notes, patience - 1) for member in members]
    if view[0] == ord("["):
        return values
    return {key: item for key, item in zip(_keys(view), values, strict=True) if item is not None}


def value_cut(text: Value, notes: Notes, most: int, patience: int = PATIENCE) -> Any:
    """Read one JSON value of any size, of each string in it no more than its first `most` bytes or a little beyond.

    A body of 64 MiB may be one string. What nobody keeps is not decoded: it would take memory in addition to the body.
    """
    view = memoryview(text)
    if view.nbytes <= most or not patience:
        return value(view, notes) if view.nbytes <= most else None
    match bytes(view[:1]):
        case b'"':
            return _leading(view, notes, most)
        case b"{":
            return {name: value_cut(member, notes, most, patience - 1) for name, member in fields(view).items()}
        case b"[":
            return [value_cut(item, notes, most, patience - 1) for item in items(view)]
        case _:
            return value(view, notes)


def _leading(quoted: memoryview, notes: Notes, most: int) -> str:
    """The first characters of a JSON string: at least `most` bytes of UTF-8, if it has so many."""
    size = most + _SLACK
    while size < quoted.nbytes:
        text = text_of(value(_closed(bytes(quoted[:size])), notes)).rstrip(_FIRST_HALVES)
        if len(text) >= most or len(text.encode("utf-8", "surrogatepass")) >= most:
            return text
        size *= 2  # escapes: six bytes may spell one
    return text_of(value(quoted, notes))


def _closed(beginning: bytes) -> bytes:
    """The beginning of a JSON string, made one: without the escape or the character that the cut may have torn."""
    end = len(beginning)
    torn = beginning.find(b"\\", end - _LONGEST_ESCAPE)
    if torn >= 0:
        end = len(beginning[:torn].rstrip(b"\\"))
    whole = beginning[:end].rstrip(_CONTINUATION)
    return (whole[:-1] if whole[-1] >= _BEYOND_ASCII else beginning[:end]) + b'"'


def fields(text: Value | None) -> dict[str, Value]:
    """The members of a JSON object, unread; of a repeated key the last. Empty when it is not an object."""
    if text is None:
        return {}
    try:
        return dict(_OBJECT.decode(text))
    except (ValueError, RecursionError):
        view = _begun(memoryview(text))
        members = scan(view) if bytes(view[:1]) == b"{" else None
        values = [view[member.start : member.end] for member in members or ()]
        return dict(zip(_keys(view) if values else (), values, strict=True))


def items(text: Value | None) -> list[Value]:
    """The elements of a JSON array, unread. Empty when it is not an array."""
    if text is None:
        return []
    try:
        return list(_ARRAY.decode(text))
    except (ValueError, RecursionError):
        view = _begun(memoryview(text))
        members = scan(view) if bytes(view[:1]) == b"[" else None
        return [view[member.start : member.end] for member in members or ()]


def _begun(view: memoryview) -> memoryview:
    """JSON text from its first byte on: some vendors send white space while they think, or a byte-order mark."""
    return view[skip_space(view, len(BYTE_ORDER_MARK) if bytes(view[:3]) == BYTE_ORDER_MARK else 0) :]


def _keys(view: memoryview) -> list[str]:
    return [key_text(view[member.key[0] : member.key[1]]) for member in scan(view) or () if member.key is not None]


def key_text(quoted: Value) -> str:
    """The name that a quoted key spells, escapes undone. A key that is not a JSON string is taken as it is."""
    try:
        return str(parse(quoted))
    except ValueError:
        return decoded(quoted)


def decoded(text: Value) -> str:
    """The text of some JSON as it was sent, without a byte-order mark; bytes that are not UTF-8 become U+FFFD."""
    return str(memoryview(text), "utf-8", "replace").removeprefix("\ufeff")


def string(text: Value | None) -> str:
    """The string that a value holds; empty when it is absent or no string."""
    if text is None:
        return ""
    try:
        return _STRING.decode(text)
    except ValueError:
        return text_of(value(text, Notes())) if is_string(text) else ""


def is_string(text: Value | None) -> bool:
    """Whether a value is a string."""
    return text is not None and bytes(memoryview(text)[:1]) == b'"'


def truth(text: Value | None) -> bool:
    """Whether a value is exactly `true`."""
    return text is not None and bytes(memoryview(text)[:5]) == b"true"


def text_of(found: object) -> str:
    """A read value if it is a string, else the empty string."""
    return found if isinstance(found, str) else ""


def object_of(found: object) -> dict[str, Any]:
    """A read value if it is an object, else an empty one."""
    return found if isinstance(found, dict) else {}


def list_of(found: object) -> list[Any]:
    """A read value if it is an array, else an empty one."""
    return found if isinstance(found, list) else []


def as_json(found: object) -> str:
    """JSON text of a read value: a string stands for itself, anything else is written compactly.

    Empty when it is nested too deeply: what can just be read need not be writable.
    """
    if isinstance(found, str):
        return found
    try:
        return json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        return ""
