"""The two ways of hearing an answer: a stream of events, and one plain body."""

from abc import ABC, abstractmethod
from typing import ClassVar

from aibridge.dialects.notes import Notes
from aibridge.dialects.provider_error import error_page
from aibridge.dialects.sse import TOO_LARGE, Event, EventReader, parse_event
from aibridge.records import ReplyFacts

MAX_BODY = 64 * 2**20
"""Bytes of a plain answer that are kept for reading."""
ESCAPED = b"\\u00"
"""An escaped ASCII character: it could spell any marker, so its event is read."""
FIRST_ERROR_STATUS = 400


class StreamListener(ABC):
    """Hears an event stream. Events without any of `markers` are passed over unread."""

    markers: ClassVar[tuple[bytes, ...]]
    """Text of which at least one piece stands in every event that matters. Its standing in others costs time only."""

    def __init__(self) -> None:
        self.terminal = False
        self.notes = Notes()
        self._reader = EventReader()

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self.terminal:
            return
        block = self._reader.feed(chunk)
        if block and self._matters(block):
            self._hear_block(block)

    def end(self) -> None:
        """The body ended: an event without its blank line counts."""
        if not self.terminal:
            self._hear_block(self._reader.rest() + b"\n")

    def _matters(self, text: bytes) -> bool:
        for marker in self.markers:  # noqa: SIM110  # `any` over a generator takes twice the time
            if marker in text:
                return True
        return False

    def _hear_block(self, block: bytes) -> None:
        for text in self._reader.events(block):
            if self._matters(text + b"\n"):  # a marker may end with its line
                event = parse_event(text)
                if event.data:
                    self._read(event)
                if self.terminal:
                    break

    def tell(self) -> ReplyFacts:
        """What is known now."""
        if self._reader.overflowed:
            self.notes.add(TOO_LARGE)
        return self._facts()

    @abstractmethod
    def _read(self, event: Event) -> None:
        """Take one event that may matter."""

    @abstractmethod
    def _facts(self) -> ReplyFacts:
        """What is known now."""


class PlainListener(ABC):
    """Keeps a plain body and reads it when asked."""

    terminal = False

    def __init__(self, status: int) -> None:
        self.status = status
        self._body = bytearray()
        self._ended = False
        self._overflowed = False
        self._told: ReplyFacts | None = None

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes; beyond `MAX_BODY` none are kept."""
        self._told = None
        if self._overflowed or len(self._body) + len(chunk) > MAX_BODY:
            self._overflowed = True
            self._body = bytearray()
        else:
            self._body += chunk

    def end(self) -> None:
        """The body is whole."""
        self._told = None
        self._ended = True

    def tell(self) -> ReplyFacts:
        """What is known now: nothing but failure until the body is whole, for half a JSON text has no meaning."""
        if self._told is None:
            self._told = self._tell()
        return self._told

    def _tell(self) -> ReplyFacts:
        failed = self.status >= FIRST_ERROR_STATUS
        if self._overflowed:
            note = f"an answer of more than {MAX_BODY} bytes was not read"
            return ReplyFacts(ended=self._ended, failed=failed, unread=True, notes=(note,))
        notes = Notes()
        if failed:
            code, message = error_page(self._body, notes)
            return ReplyFacts(
                ended=self._ended, failed=True, error_code=code, error_message=message, notes=notes.told()
            )
        return self._read(self._body, notes) if self._ended else ReplyFacts()

    @abstractmethod
    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        """Read the whole body of a good status."""
