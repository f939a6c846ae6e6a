"""JSON as a person reads it: indented and coloured, and still the same JSON when it is copied."""

import json
from collections.abc import Iterator

from markupsafe import Markup

DEEPEST = 40
"""Levels that are laid out; what lies deeper stands on one line. No depth of nesting may end the process."""

JSONValue = object
"""What `json.loads` returns."""


def json_shown(value: JSONValue) -> Markup:
    """The value, indented by two spaces, its keys and scalars in classes of their own."""
    return Markup("").join(_shown(value, 0))


def _shown(value: JSONValue, depth: int) -> Iterator[Markup]:
    if not isinstance(value, dict | list) or not value:
        yield _scalar(value)
        return
    if depth >= DEEPEST:
        yield Markup("{}").format(_compact(value))
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield Markup("{}\n").format(opening)
    members = value.items() if isinstance(value, dict) else ((None, member) for member in value)
    for n, (key, member) in enumerate(members):
        yield Markup("{}{}").format(",\n" if n else "", "  " * (depth + 1))
        if key is not None:
            yield Markup('<span class="j-k">{}</span>: ').format(_compact(key))
        yield from _shown(member, depth + 1)
    yield Markup("\n{}{}").format("  " * depth, closing)


_CLASSES = {str: "s", bool: "b", type(None): "b", int: "n", float: "n"}


def _scalar(value: JSONValue) -> Markup:
    css = _CLASSES.get(type(value))
    text = _compact(value)
    return Markup('<span class="j-{}">{}</span>').format(css, text) if css else Markup("{}").format(text)


def _compact(value: JSONValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
