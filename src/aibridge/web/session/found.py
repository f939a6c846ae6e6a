"""What a search found in the steps of a session."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Found:
    """One place of a step that holds what was searched for."""

    place: str
    """As a person calls it: `thoughts`."""
    excerpt: Markup
    """What stands around it, the words marked."""
    words: frozenset[str]
    """The marked ones, in lower case."""

    def shows_in(self, line: str) -> bool:
        """Whether a line shows all of these words anyway."""
        return all(word in line for word in self.words)


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
    return {id_: [_found(PLACES[place.found_in], place.excerpt) for place in held] for id_, held in places.items()}


BEFORE = 24
"""Characters that stand before the first match in a row."""

_BLANKS = re.compile(r"\s+")
_MARK, _UNMARK = Markup("<mark>"), Markup("</mark>")


def _found(place: str, excerpt: Excerpt) -> Found:
    """A row has room for one line, so that little stands before the first match."""
    told, words = ["…" if excerpt.cut_before else ""], set()
    for piece in excerpt.pieces:
        text = _BLANKS.sub(" ", piece.text)
        if piece.match:
            words.add(text.casefold())
            told += (_MARK, text, _UNMARK)
        elif not words and len(text) > BEFORE:
            told = ["…", text[-BEFORE:]]
        else:
            told.append(text)
    told.append("…" if excerpt.cut_after else "")
    return Found(place=place, excerpt=Markup("").join(told), words=frozenset(words))
