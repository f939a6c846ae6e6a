"""Server-sent events out of chunks that may be cut anywhere.

https://html.spec.whatwg.org/multipage/server-sent-events.html

Most events of an answer are small pieces of text that no record needs. So the stream is only cut at its blank lines
here, with one search for each chunk; whether an event is worth its parsing is for the listener to say.
"""

MAX_EVENT = 16 * 2**20
"""Bytes. The largest recorded event is 310 KiB."""
TOO_LARGE = f"an event of more than {MAX_EVENT} bytes was not read"

DONE = b"[DONE]"
"""The data by which Chat Completions ends, and other APIs where a compatible vendor answers."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventReader:
    """Cuts a stream at its blank lines. Lines end in LF, CRLF or CR; they come out ended by LF."""

    __slots__ = ("_carriage_return", "_open", "_oversized", "max_event", "overflowed")

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self.max_event = max_event
        self.overflowed = False
        """An event was larger than `max_event` and is left out."""
        self._open = bytearray()
        self._carriage_return = False
        self._oversized = False

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; return the events that are now complete, with blank lines between them only."""
        if self._carriage_return or b"\r" in chunk:
            chunk = self._unify(chunk)
        rest = self._open
        begin = max(len(rest) - 1, 0)
        rest += chunk
        at = rest.rfind(b"\n\n", begin)
        if at < 0:
            if len(rest) > self.max_event + 1:
                self._skip()
            return b""
        block = bytes(rest[:at])
        del rest[: at + 2]
        if self._oversized:
            self._oversized = False
            block = block.partition(b"\n\n")[2]
        if len(rest) > self.max_event + 1:
            self._skip()
        return block

    def rest(self) -> bytes:
        """The event that is still open, without its blank line."""
        return b"" if self._oversized else bytes(self._open)

    def open_ends_with(self, line: bytes) -> bool:
        """Whether the open event's last line just ended and is `line`."""
        return self._open.endswith(line + b"\n")

    def events(self, block: bytes) -> list[bytes]:
        """Split complete events; leaves out those beyond the bound."""
        events = block.split(b"\n\n")
        if len(block) > self.max_event:
            whole = len(events)
            events = [event for event in events if len(event) <= self.max_event]
            self.overflowed = self.overflowed or len(events) < whole
        return events

    def _skip(self) -> None:
        """Forget an event that is too large, keeping only what tells its end."""
        self.overflowed = self._oversized = True
        del self._open[:-1]

    def _unify(self, chunk: bytes) -> bytes:
        """Make every line end an LF. A CR at the very end waits: its LF may come with the next chunk."""
        if self._carriage_return:
            chunk = b"\r" + chunk
        self._carriage_return = chunk.endswith(b"\r")
        if self._carriage_return:
            chunk = chunk[:-1]
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def parse_event(event: bytes) -> tuple[bytes, bytes]:
    """Read one event: its name (empty when it has none), and its data lines, joined by line feeds.

    Comments and unknown fields are left out, save a field `error`, which stands for an event of that name.
    """
    if event.startswith(b"event: ") and event.count(b"\n") == 1:
        head, found, data = event.partition(b"\ndata: ")
        if found:
            return head[7:], data
    name = b""
    lines: list[bytes] = []
    for line in event.removeprefix(_BYTE_ORDER_MARK).split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[6:] if line.startswith(b"data: ") else line[5:])
        elif line.startswith(b"event:"):
            name = line[6:].strip()
        elif line.startswith(b"error:"):  # llama.cpp up to 2025, which has no such field in mind
            name = b"error"
            lines.append(line[6:])
    return name, b"\n".join(lines)
