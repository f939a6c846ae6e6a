"""HTML that cannot be injected into: whatever is not already markup is escaped."""

import re
from collections.abc import Iterable
from html import escape

_CODE = re.compile(r"`([^`]+)`")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Markup:
    """`<name attributes>children</name>`; `class_` stands for `class`, `aria_label` for `aria-label`."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """The parts one after the other."""
    return Markup(_safe(between).join(map(_safe, parts)))


def prose(text: str) -> Markup:
    """Paragraphs apart by empty lines, with `code` in backticks."""
    return joined(element("p", inline(paragraph)) for paragraph in text.split("\n\n") if paragraph.strip())


def inline(text: str) -> Markup:
    """A line of text with `code` in backticks."""
    parts = _CODE.split(text)
    return joined(element("code", part) if number % 2 else part for number, part in enumerate(parts))


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)
