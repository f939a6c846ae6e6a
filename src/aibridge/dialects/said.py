"""The texts of an answer, gathered only if they are kept."""

from aibridge.dialects.notes import Notes
from aibridge.records import ModelAnswer

MAX_ANSWER = 2**20
"""Characters kept of all texts of one answer: the longest answers of today are a quarter of it."""
CUT = f"what was answered beyond {MAX_ANSWER} characters is left out"


class _Text:
    """One text, as far as it was heard. Bytes, since pieces are a few characters long and each would be an object."""

    __slots__ = ("closed", "refusal", "written")

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False
        self.refusal = False


class Said:
    """The texts of one answer, in the order of their beginnings. Whatever identifies one is its key."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._room = MAX_ANSWER
        self._texts: dict[object, _Text] = {}
        self._muted: set[object] = set()

    def hear(self, key: object, piece: object, *, refusal: bool = False) -> None:
        """Take a piece, if it is a text at all."""
        if not isinstance(piece, str) or not piece or key in self._muted:
            return
        if len(piece) > self._room:
            self._notes.add(CUT)
            piece = piece[: self._room]
        self._room -= len(piece)
        text = self._texts.setdefault(key, _Text())
        text.written += piece.encode("utf-8", "surrogatepass")
        text.refusal |= refusal

    def close(self, key: object) -> None:
        """This text is whole."""
        if text := self._texts.get(key):
            text.closed = True

    def close_all(self) -> None:
        """Every text is whole."""
        for text in self._texts.values():
            text.closed = True

    def mute(self, key: object) -> None:
        """This text is none: nothing of it is gathered."""
        self._muted.add(key)

    def forget(self, key: object) -> None:
        """This text is told elsewhere."""
        if text := self._texts.pop(key, None):
            self._room += len(text.written.decode("utf-8", "surrogatepass"))

    def forget_all(self) -> None:
        """All are told elsewhere."""
        self._texts.clear()
        self._room = MAX_ANSWER

    def told(self) -> tuple[ModelAnswer, ...]:
        """All that was heard."""
        return tuple(_model_answer(text) for text in self._texts.values() if text.written)


def _model_answer(text: _Text) -> ModelAnswer:
    metadata = {"incomplete": True} if not text.closed else {}
    return ModelAnswer(
        content=text.written.decode("utf-8", "surrogatepass"),
        metadata=metadata | ({"refusal": True} if text.refusal else {}),
    )
