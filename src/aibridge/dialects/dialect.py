"""What a dialect is: three small protocols that the gateway feeds and asks."""

from collections.abc import Mapping
from typing import Protocol

from aibridge.records import ReplyFacts, RequestFacts

Headers = Mapping[bytes, bytes]
"""Lower-cased names; of repeated headers the first."""

Buffer = bytes | bytearray | memoryview


class Listener(Protocol):
    """Hears one answer, chunk by chunk as it was sent (after removal of any content encoding)."""

    @property
    def terminal(self) -> bool:
        """The provider's terminal event was heard completely. Always False for plain bodies."""
        ...

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes; chunks may be cut anywhere."""
        ...

    def end(self) -> None:
        """The body ended as HTTP says it should; a last event without blank line counts."""
        ...

    def tell(self) -> ReplyFacts:
        """What is known now. Valid at any moment, even on a cut stream."""
        ...


class Filter(Protocol):
    """Removes from a stream what a mutation of the request added to it. Holds as few bytes as it can."""

    @property
    def mutations(self) -> tuple[str, ...]:
        """Names of what was really changed in this answer."""
        ...

    def feed(self, chunk: bytes) -> bytes:
        """Return the bytes that may go to the client now (may be empty)."""
        ...

    def flush(self) -> bytes:
        """The stream ended: return what is still held and belongs to the client."""
        ...


class Edit(Protocol):
    """A request body after a named mutation. `body` differs from the received one only where the mutation says."""

    body: bytes
    mutations: tuple[str, ...]

    def filter(self) -> Filter:
        """A fresh filter for the answer to this request."""
        ...


class Dialect(Protocol):
    """One API of one provider family."""

    name: str

    def read_request(self, body: Buffer, headers: Headers, *, results: bool = False) -> RequestFacts:
        """Read a decoded request body. `results`: what tools returned too, so far as it is new in this request.

        Raises `RequestRefused` (400) for an empty body, a JSON value that is not an object, or a duplicate top-level
        key that two parsers could read differently; (501) for what would escape the audit. Broken JSON is not an error:
        the facts then say `unread`.
        """
        ...

    def listen(self, *, status: int, streaming: bool, answers: bool = False) -> Listener:
        """A listener for one answer. `streaming`: its content type is `text/event-stream`; `answers`: its texts too."""
        ...

    def error_body(self, *, status: int, message: str) -> bytes:
        """The gateway's own error in this provider's envelope (JSON)."""
        ...

    def include_usage(self, body: bytes, facts: RequestFacts) -> Edit | None:
        """Ask the provider for usage in its stream, where the API has such a switch and the client left it unset."""
        ...
