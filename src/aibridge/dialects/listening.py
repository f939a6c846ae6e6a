"""The two ways of hearing an answer: a stream of events, and one plain body."""

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from aibridge.dialects.notes import Notes
from aibridge.dialects.provider_error import error_page
from aibridge.dialects.sse import TOO_LARGE, EventReader, parse_event
from aibridge.records import ReplyFacts

MAX_BODY = 64 * 2**20
"""Bytes of a plain answer that are kept for reading."""
TOO_MUCH = f"what was heard beyond {MAX_BODY} bytes is left out"
NO_OBJECT = "the answer is not a JSON object"
FIRST_ERROR_STATUS = 400
_JSON = (b"{", b"[")
_FRAMED = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event)?:")
"""How an event stream begins, be it with a comment."""
_STEP = 2**16
"""Bytes that are heard at a time of a stream that came as a plain body, so that it is not copied as a whole."""
_NOTHING = b"\n\n"
"""No event begins like this."""


def is_plain(status: int, *, streaming: bool) -> bool:
    """Whether an answer is read as one body. An error always is, whatever its content type says."""
    return not streaming or status >= FIRST_ERROR_STATUS


class StreamListener(ABC):
    """Hears an event stream.

    Most events are pieces of text, all alike up to the text itself. The first one is proven to be such a piece by the
    grammar of `opening`; the bytes that matched are learnt, and whatever begins with the same bytes is passed over
    without a look inside. Everything else is read, so a strange spelling costs time and never a fact.
    """

    opening: ClassVar[re.Pattern[bytes]]
    """Matches the beginning of an event that cannot matter, as far as it takes to be sure."""
    rest: ClassVar[re.Pattern[bytes] | None] = None
    """What must follow the opening to the event's end, where the opening alone proves too little."""

    def __init__(self) -> None:
        self.terminal = False
        self.notes = Notes()
        self._reader = EventReader()
        self._learnt = _NOTHING
        self._room = MAX_BODY

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if not self.terminal and (block := self._reader.feed(chunk)):
            self._hear_block(block)

    def end(self) -> None:
        """The body ended: an event without its blank line counts."""
        if not self.terminal:
            self._hear_block(self._reader.rest())

    def _hear_block(self, block: bytes) -> None:
        rest = self.rest
        learnt = self._learnt
        for event in self._reader.events(block):
            if event.startswith(learnt):
                if rest is None or rest.fullmatch(event, len(learnt)):
                    continue
            elif (opening := self.opening.match(event)) and self._may_pass_over():
                self._learnt = learnt = opening.group()
                if rest is None or rest.fullmatch(event, len(learnt)):
                    continue
            name, data = parse_event(event)
            if not data and event.lstrip().startswith(_JSON):  # no frame: an error from halfway, or a plain answer
                data = event
            if data:
                self._read(name, data)
                if self.terminal:
                    break

    def _may_pass_over(self) -> bool:
        """Whether even a piece of text would tell nothing new now."""
        return True

    def _has_room(self, size: int) -> bool:
        """Whether `size` more bytes may be kept: an answer of gigabytes must not be gathered in memory."""
        self._room -= size
        if self._room < 0:
            self.notes.add(TOO_MUCH)
        return self._room >= 0

    def tell(self) -> ReplyFacts:
        """What is known now."""
        if self._reader.overflowed:
            self.notes.add(TOO_LARGE)
        return self._facts()

    @abstractmethod
    def _read(self, name: bytes, data: bytes) -> None:
        """Take one event that may matter: its name, and its data, which is not empty."""

    @abstractmethod
    def _facts(self) -> ReplyFacts:
        """What is known now."""


class PlainListener(ABC):
    """Keeps a plain body and reads it when asked."""

    terminal = False

    def __init__(self, status: int, *, answers: bool = False) -> None:
        """`answers`: what it says is told too."""
        self.status = status
        self.answers = answers
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
        if not self._ended:
            return ReplyFacts()
        return self._read_stream(self._body) if _FRAMED.match(self._body) else self._read(self._body, notes)

    def _read_stream(self, body: bytearray) -> ReplyFacts:
        """Read a stream, though its content type says otherwise."""
        stream = self._stream()
        for at in range(0, len(body), _STEP):
            stream.hear(bytes(body[at : at + _STEP]))
        stream.end()
        facts = stream.tell()
        told = facts.response_id or facts.model or facts.failed or facts.token_usage
        return facts if told else ReplyFacts(ended=True, unread=True, notes=(NO_OBJECT,))

    @abstractmethod
    def _stream(self) -> StreamListener:
        """Who hears the same answer as a stream."""

    @abstractmethod
    def _read(self, body: bytearray, notes: Notes) -> ReplyFacts:
        """Read the whole body of a good status."""
