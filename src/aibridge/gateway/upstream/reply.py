"""What the relay holds of an answer."""

from typing import Protocol

from aibridge.errors import UpstreamCut
from aibridge.gateway.upstream.answer import Answer


class Line(Protocol):
    """The connection an answer arrives on."""

    def drained(self) -> None:
        """The reader took everything that was there."""
        ...

    async def more(self) -> None:
        """Wait for more of the body, or for the end. Raises what ended the connection too early."""
        ...

    def release(self) -> None:
        """Nobody reads any more: back to the pool, or closed."""
        ...


class Reply:
    """Status and headers of the final answer, and its body as it arrives. Close it, whatever happened."""

    __slots__ = ("_answer", "_line", "bodyless", "content_length", "headers", "retried", "status")

    def __init__(self, line: Line, answer: Answer, *, retried: bool) -> None:
        self._line: Line | None = line
        self._answer = answer
        self.status = answer.status
        self.headers = answer.headers
        """Lower-cased names in original order with all repetitions, hop-by-hop ones too; values verbatim."""
        self.content_length = answer.content_length
        """As declared (for HEAD: of the body that GET would have); None when chunked or ended by closing."""
        self.bodyless = answer.bodyless
        """No body follows whatever the headers say: HEAD, 204, 304."""
        self.retried = retried
        """A reused connection turned out to be closed, and the request was sent once more."""

    @property
    def ended(self) -> bool:
        """The message is complete and every byte of it was read: `read` would return None at once."""
        return self._answer.complete and not self._answer.unread

    def read_nowait(self) -> bytes | None:
        """What is there now, or None when nothing is: then ask `ended`, or await `read`."""
        chunk = self._answer.take()
        if chunk is not None and self._line is not None:
            self._line.drained()
        return chunk

    async def read(self) -> bytes | None:
        """All bytes that came since the last call, at least one; None at the clean end.

        Raises `UpstreamCut` (closed early or broken framing) and `UpstreamTimeout` after all bytes before it were read.
        Cancelling it closes the connection, which tells the provider to stop.
        """
        while (chunk := self.read_nowait()) is None:
            if self._answer.complete:
                return None
            if self._line is None:
                raise UpstreamCut("the answer was closed before its end was read")
            await self._line.more()
        return chunk

    def close(self) -> None:
        """Give the connection back if the answer is complete; else close it, which cancels the provider's work."""
        line, self._line = self._line, None
        if line is not None:
            line.release()
