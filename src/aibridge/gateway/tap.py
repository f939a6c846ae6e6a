"""The tap hands the bytes of an answer to a listener. It never raises: an observer cannot hurt the traffic."""

from msgspec.structs import replace

from aibridge.dialects.dialect import Listener
from aibridge.dialects.encodings import Decoder
from aibridge.records import ReplyFacts


class Tap:
    """Hears what passes by. A failure inside becomes a note, and nothing more is heard."""

    __slots__ = ("_decoder", "_listener", "_notes")

    def __init__(self, listener: Listener, decoder: Decoder | None = None, *, notes: tuple[str, ...] = ()) -> None:
        self._listener: Listener | None = listener
        self._decoder = decoder
        self._notes = notes

    @classmethod
    def deafened(cls, listener: Listener, *notes: str) -> "Tap":
        """A tap that cannot hear from the start; the first of `notes` says why."""
        tap = cls(listener, notes=notes)
        tap._listener = None
        return tap

    @property
    def terminal(self) -> bool:
        """The provider's terminal event was heard completely."""
        listener = self._listener
        return listener is not None and listener.terminal

    @property
    def deaf(self) -> bool:
        """Something broke: what is told is incomplete."""
        return self._listener is None

    def hear(self, chunk: bytes) -> None:
        """Take the next bytes as they came over the wire."""
        listener = self._listener
        if listener is None:
            return
        try:
            if self._decoder is None:
                listener.hear(chunk)
            else:
                for piece in self._decoder.decode(chunk):
                    listener.hear(piece)
        except Exception as problem:  # noqa: BLE001  the one broad net of the data plane, see the module's law
            self._break(problem)

    def end(self) -> None:
        """The body ended as it should."""
        if self._listener is None:
            return
        try:
            self._listener.end()
        except Exception as problem:  # noqa: BLE001
            self._break(problem)

    def tell(self) -> ReplyFacts:
        """What is known now; never raises."""
        if self._listener is not None:
            try:
                facts = self._listener.tell()
            except Exception as problem:  # noqa: BLE001
                self._break(problem)
            else:
                return _with_notes(facts, self._notes) if self._notes else facts
        return ReplyFacts(unread=True, notes=self._notes)

    def _break(self, problem: Exception) -> None:
        self._listener = None
        self._notes = (*self._notes, f"the answer could not be read: {type(problem).__name__}")


def _with_notes(facts: ReplyFacts, notes: tuple[str, ...]) -> ReplyFacts:
    return replace(facts, notes=(*facts.notes, *notes))
