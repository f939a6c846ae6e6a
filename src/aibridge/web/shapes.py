"""SVG by the thousand."""

from functools import cache
from typing import Any, Self

from markupsafe import Markup, escape


class Shape(Markup):
    """A pattern of SVG to fill in, as `Markup` is one: whatever is not a number is escaped, unless it is markup itself.

    `Markup.format` walks through its pattern in Python, which takes four times as long.
    """

    __slots__ = ()

    def __new__(cls, pattern: str = "") -> Self:
        """Take a pattern as it is: nobody's words are made markup by being a pattern."""
        return str.__new__(cls, pattern)

    def format(self, *args: Any, **kwargs: Any) -> Self:
        """Fill in. Numbers can have a format of their own, texts cannot."""
        values = [value if type(value) in _SAFE else escape(value) for value in args]
        if kwargs:
            kwargs = {name: value if type(value) in _SAFE else escape(value) for name, value in kwargs.items()}
        return str.__new__(type(self), str.format(self, *values, **kwargs))


_SAFE = frozenset((int, float, Markup, Shape))


@cache
def use(icon: str, css: str = "") -> Markup:
    """A reference to an icon whose shape the page has once (`sprite` in ui.html). Names are ours, and few."""
    return Shape('<svg class="i {}" aria-hidden="true"><use href="#i-{}"/></svg>').format(css, icon)
