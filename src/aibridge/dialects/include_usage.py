"""The one mutation: asking a Chat Completions stream to tell its usage, and taking the extra event out again.

https://platform.openai.com/docs/api-reference/chat/create#chat_create-stream_options
"""

import re

from aibridge.dialects.body import members, object_start, read_head
from aibridge.dialects.dialect import Filter
from aibridge.dialects.notes import Notes
from aibridge.dialects.payload import fields, object_of, value
from aibridge.dialects.sse import MAX_EVENT, parse_event

REQUEST_MUTATION = "include_usage"
RESPONSE_MUTATION = "include_usage_response"

_WISH = b'"include_usage":true'
_NO_USAGE = re.compile(rb'"usage"\s*:\s*null')
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


class UsageEdit:
    """A request body with the wish for usage in it."""

    mutations: tuple[str, ...] = (REQUEST_MUTATION,)

    def __init__(self, body: bytes) -> None:
        self.body = body

    def filter(self) -> Filter:
        """A fresh filter for the answer."""
        return UsageFilter()


def ask_for_usage(body: bytes) -> UsageEdit | None:
    """Add `stream_options.include_usage` by inserting bytes. None where it is there already, or cannot be added."""
    start, head = object_start(body), read_head(body)
    if start is None or not head:
        return None
    if "stream_options" not in head:
        return UsageEdit(b'%b"stream_options":{%b},%b' % (body[: start + 1], _WISH, body[start + 1 :]))
    place = members(body, start)["stream_options"]
    options = body[place.start : place.end]
    if options == b"null":
        return UsageEdit(b"%b{%b}%b" % (body[: place.start], _WISH, body[place.end :]))
    known = fields(options)
    if "include_usage" in known or not options.startswith(b"{"):
        return None
    comma = b"," if known else b""
    return UsageEdit(b"%b{%b%b%b" % (body[: place.start], _WISH, comma, body[place.start + 1 :]))


class UsageFilter:
    """Keeps the usage-only event from a client that did not ask for it. All other bytes go through as they came."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._changed = False

    @property
    def mutations(self) -> tuple[str, ...]:
        """`include_usage_response` once the answer was seen to differ from what the client's own request would get."""
        return (RESPONSE_MUTATION,) if self._changed else ()

    def feed(self, chunk: bytes) -> bytes:
        """Return everything up to the last blank line; what follows is held until its event is known."""
        held = self._held
        begin = max(len(held) - 3, 0)
        held += chunk
        cut = _after_blank_line(held, begin)
        if cut == 0 and len(held) > MAX_EVENT:
            cut = len(held)
        known = bytes(memoryview(held)[:cut])
        del held[:cut]
        return self._without_usage(known)

    def flush(self) -> bytes:
        """The stream ended: the last event may lack its blank line."""
        known = bytes(self._held)
        self._held.clear()
        return self._without_usage(known)

    def _without_usage(self, known: bytes) -> bytes:
        if not self._changed and b'"usage"' in known and _NO_USAGE.search(known):
            self._changed = True
        if known.count(b'"choices"') == known.count(b'"choices":[{'):
            return known
        kept = [event for event in _events(known) if not _is_usage_only(event)]
        without = b"".join(kept)
        self._changed = self._changed or len(without) < len(known)
        return without


def _after_blank_line(text: bytearray, begin: int) -> int:
    """The offset behind a blank line after which there is none of its kind; 0 when there is none at all."""
    at = text.rfind(b"\n\n", begin)
    if at >= 0:
        return at + 2
    at = text.rfind(b"\n\r\n", begin)
    return at + 3 if at >= 0 else 0


def _events(known: bytes) -> list[bytes]:
    """Split behind every blank line; joined again they are exactly `known`."""
    return re.findall(rb".*?\n\r?\n|.+\Z", known, re.DOTALL)


def _is_usage_only(event: bytes) -> bool:
    data = parse_event(event.replace(b"\r\n", b"\n"))[1]
    if not _NO_CHOICES.search(data):
        return False
    found = object_of(value(data, Notes()))
    return found.get("choices") == [] and bool(object_of(found.get("usage")))
