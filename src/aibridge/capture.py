"""Which texts of an exchange the record keeps. Facts are not asked about: who, when, which tool, how many tokens."""

from collections.abc import Iterable

import msgspec


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """The kinds of text that are kept. Its defaults are those of the setting."""

    prompts: bool = True
    """What people ask."""
    tools: bool = True
    """What tools are called with."""
    thoughts: bool = True
    """What the model says about why it acts."""
    answers: bool = False
    """What the model answers."""
    tool_results: bool = False
    """What the client sends back for tool calls."""


WORDS = Capture.__struct_fields__
"""All there are, in the order in which people name them."""
NONE = "none"
"""Stands alone, for no text at all."""


def capture_of(words: Iterable[str]) -> Capture:
    """The kinds of these names, and no others. Raises `ValueError` for a word that is neither in `WORDS` nor `NONE`."""
    named = set(words)
    if not named or not named <= {*WORDS, NONE} or (NONE in named and len(named) > 1):
        raise ValueError(f"any of {', '.join(WORDS)}, separated by commas, or {NONE}")
    return Capture(**{word: word in named for word in WORDS})


def words_of(capture: Capture) -> tuple[str, ...]:
    """The names of the kinds that are kept."""
    return tuple(word for word in WORDS if getattr(capture, word))
