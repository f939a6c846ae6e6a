"""The head of a request body: its top-level members, each exactly once."""

import re
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from aibridge.dialects.dialect import Buffer
from aibridge.dialects.json_scan import Member, scan, skip_space
from aibridge.dialects.payload import BYTE_ORDER_MARK, Value, key_text, parse
from aibridge.errors import RequestRefused, TooManyMembers

ONCE_ONLY = frozenset(("model", "stream", "background", "input", "messages", "stream_options", "previous_response_id"))
"""If one of these appeared twice, two parsers could read two requests: one would be recorded, the other answered."""

MOST_MEMBERS = 10_000
"""Top-level members of a body. The APIs know a few dozen; each costs 200 bytes, so those of 64 MiB would cost 1 GB."""
COUNTED_FROM = 2**20
"""Bytes from which a body could hold so many that it matters."""

_HEAD = msgspec.json.Decoder(dict[str, Raw])
_COLON = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_CLOSE = re.compile(rb"[ \t\r\n]*}[ \t\r\n]*\Z")


def read_head(body: Buffer) -> dict[str, Value] | None:
    """Top-level members by name, unread; views into `body`, not copies. None when it is not JSON at all.

    Raises `RequestRefused` (400) for an empty body, for JSON that is not an object, for a repeated member of
    `ONCE_ONLY`, however its name is spelt, and for more than `MOST_MEMBERS` in a large body.
    """
    text = _whole(body)
    start = object_start(text)
    if start is None:
        return None
    whole = memoryview(text)[start:]
    try:
        head: Mapping[str, Raw] | None = _HEAD.decode(whole) if len(whole) < COUNTED_FROM else _counted_head(whole)
    except (ValueError, RecursionError):
        head = None
    if head is not None and (_fills(len(whole), head) or _each_once(text, start, head)):
        return dict(head)
    return _patient_head(whole)


def object_start(text: bytes | bytearray) -> int | None:
    """The offset of the body's opening brace; None when it is not JSON. Raises `RequestRefused` as `read_head` does."""
    start = skip_space(text, len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0)
    if start == len(text):
        raise RequestRefused("The request body is empty.")
    if text.startswith(b"{", start):
        return start
    try:
        parse(memoryview(text)[start:])
    except (ValueError, RecursionError):
        return None
    raise RequestRefused("The request body is not a JSON object.")


def members(text: bytes | bytearray, start: int) -> dict[str, Member]:
    """The position of each top-level member in the object that begins at `start`. Empty when it is broken."""
    return {
        key_text(memoryview(text)[member.key[0] : member.key[1]]): member
        for member in scan(text, start) or ()
        if member.key is not None
    }


def _whole(body: Buffer) -> bytes | bytearray:
    """The body as something searchable, copied only when it is a view of a part of something larger."""
    if not isinstance(body, memoryview):
        return body
    owner = body.obj
    if isinstance(owner, bytes | bytearray) and len(owner) == body.nbytes and body.c_contiguous:
        return owner
    return bytes(body)


def _fills(size: int, head: Mapping[str, Raw]) -> bool:
    """Whether these members, written without a space between them, take exactly `size` bytes.

    Then there is room for nothing else: no key stood twice, none was escaped. Most clients write so.
    """
    punctuation = 1 + 4 * len(head) if head else 2  # braces, two quotes and a colon each, commas between
    return size == punctuation + sum([len(key.encode()) + memoryview(raw).nbytes for key, raw in head.items()])


def _each_once(text: bytes | bytearray, start: int, head: Mapping[str, Raw]) -> bool:
    """Whether the body is exactly these members in this order: then no key stood twice, and none was escaped.

    A parser keeps the last of two equal keys and says nothing. But JSON has one reading only: a body that spells these
    members one after the other to its very end has no room for another. This costs a comparison of bytes where a
    second look at every key would cost a scan.
    """
    at = skip_space(text, start + 1)
    last = len(head) - 1
    for position, (key, raw) in enumerate(head.items()):
        quoted = b'"%b"' % key.encode()
        colon = _COLON.match(text, at + len(quoted)) if text.startswith(quoted, at) else None
        content = memoryview(raw)
        if colon is None or not text.startswith(content, colon.end()):
            return False
        after = (_COMMA if position < last else _CLOSE).match(text, colon.end() + content.nbytes)
        if after is None:
            return False
        at = after.end()
    return bool(head) or _CLOSE.match(text, at) is not None


class _Key(str):
    """A key that msgspec asks about, one by one."""

    __slots__ = ()


def _counted_head(whole: memoryview) -> Mapping[str, Raw]:
    """The same as `_HEAD` gives, but given up on when there are too many."""
    count = 0

    def counted(_type: type, key: str) -> _Key:
        nonlocal count
        count += 1
        if count > MOST_MEMBERS:
            raise _too_many()
        return _Key(key)

    head: dict[Any, Raw] = msgspec.json.decode(whole, type=dict[_Key, Raw], dec_hook=counted)
    return head


def _too_many() -> RequestRefused:
    return RequestRefused(f"The request body has more than {MOST_MEMBERS} members, or too many values inside them.")


def _patient_head(whole: memoryview) -> dict[str, Value] | None:
    try:
        found = scan(whole, most=sys.maxsize if len(whole) < COUNTED_FROM else MOST_MEMBERS)
    except TooManyMembers as many:
        raise _too_many() from many
    if found is None:
        return None
    head: dict[str, Value] = {}
    for member in found:
        assert member.key is not None
        key = key_text(whole[member.key[0] : member.key[1]])
        if key in head and key in ONCE_ONLY:
            raise RequestRefused(f"The request body names {key!r} twice.")
        head[key] = whole[member.start : member.end]
    return head
