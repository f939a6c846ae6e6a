"""Marks what was searched for, in plain texts and in what is laid out already."""

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from aibridge.store.excerpts import pattern_of, without_escapes
from aibridge.texts import Text

_TAG = re.compile("<[^>]*>")


class Marker:
    """Marks in any text what was searched for; without anything, nothing."""

    def __init__(self, texts: Sequence[Text] = ()) -> None:
        self._pattern: re.Pattern[str] | None = pattern_of(texts) if texts else None

    def __call__(self, text: Markup | str | None) -> Markup:
        """The text, escaped, with `<mark>` around each match."""
        if self._pattern is None or not text:
            return escape(text or "")
        return self._laid_out(text) if isinstance(text, Markup) else self._marked(text, text, self._pattern)

    def json(self, text: Markup | str) -> Markup:
        """The same of JSON, where an escape such as a line break parts words."""
        if self._pattern is None or isinstance(text, Markup):
            return self(text)
        return self._marked(text, without_escapes(text), self._pattern)

    def _laid_out(self, markup: Markup) -> Markup:
        """Between its tags; what lies on both sides of one is not found."""
        parts: list[str] = []
        at = 0
        for tag in _TAG.finditer(markup):
            start, end = tag.span()
            parts += (self.json(markup[at:start].unescape()), markup[start:end])
            at = end
        parts.append(self.json(markup[at:].unescape()))
        return Markup("".join(parts))  # noqa: S704 - what was markup, and what is escaped

    def _marked(self, text: str, read: str, pattern: re.Pattern[str]) -> Markup:
        parts: list[str] = []
        at = 0
        for match in pattern.finditer(read):
            start, end = match.span()
            parts += (escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>")
            at = end
        parts.append(escape(text[at:]))
        return Markup("".join(parts))  # noqa: S704 - every part is escaped, or ours
