"""What a search found in the steps of a session."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from markupsafe import Markup

from aibridge.store.excerpts import Excerpt
from aibridge.store.matches import FoundIn, Place
from aibridge.texts import MIN_BEGINNING, Text, texts_of

PLACES = {
    FoundIn.PROMPT: "prompt",
    FoundIn.TOOL_RESULT: "results",
    FoundIn.THOUGHT: "thoughts",
    FoundIn.ANSWER: "answer",
    FoundIn.TOOL: "tools",
    FoundIn.TOOL_INPUT: "arguments",
    FoundIn.ERROR: "error",
}


BEFORE = 24
"""Characters that stand before the first match in a row."""

_BLANKS = re.compile(r"\s+")
_MARK, _UNMARK = Markup("<mark>"), Markup("</mark>")


@dataclass(frozen=True, kw_only=True)
class Found:
    """One place of a step that holds what was searched for, laid out when it is shown: most rows tell it anyway."""

    place: str
    """As a person calls it: `thoughts`."""
    around: Excerpt
    """What stands around it."""

    @cached_property
    def words(self) -> frozenset[str]:
        """What was found in it, in lower case."""
        return frozenset(_in_line(piece.text).casefold() for piece in self.around.pieces if piece.match)

    def shows_in(self, line: str) -> bool:
        """Whether a line shows all of these words anyway."""
        return all(word in line for word in self.words)

    @cached_property
    def excerpt(self) -> Markup:
        """The words marked. A row has room for one line, so that little stands before the first match."""
        told, matched = ["…" if self.around.cut_before else ""], False
        for piece in self.around.pieces:
            text = _in_line(piece.text)
            if piece.match:
                told += (_MARK, text, _UNMARK)
                matched = True
            elif not matched and len(text) > BEFORE:
                told = ["…", text[-BEFORE:]]
            else:
                told.append(text)
        told.append("…" if self.around.cut_after else "")
        return Markup("").join(told)


def _in_line(text: str) -> str:
    return _BLANKS.sub(" ", text)


def sought(written: str) -> tuple[Text, ...]:
    """What a line searches for. While somebody types, words are beginnings; in quotes they are what they are.

    Raises `TextRefused`.
    """
    texts = texts_of(written)
    if '"' in written:
        return texts
    return tuple(Text(each.words, beginning=len(each.words[-1]) >= MIN_BEGINNING) for each in texts)


def found_by_step(places: Mapping[UUID, Sequence[Place]]) -> Mapping[UUID, Sequence[Found]]:
    """The places of each step, as a row shows them."""
    return {
        id_: [Found(place=PLACES[place.found_in], around=place.excerpt) for place in held]
        for id_, held in places.items()
    }
