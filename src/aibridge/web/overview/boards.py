"""The lists of the overview: who and what had most."""

from collections.abc import Callable, Sequence

import msgspec
from markupsafe import Markup

from aibridge.store.usage import Ranked
from aibridge.web.charts import share_bar
from aibridge.web.formats import count, money
from aibridge.web.linking import Links
from aibridge.web.overview.panels import called
from aibridge.web.overview.reading import MOST_LISTED, Read


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list."""

    name: str
    figure: str
    bar: Markup
    href: str


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A list."""

    title: str
    unit: str
    entries: Sequence[Entry]


class _Kind(msgspec.Struct, frozen=True):
    """What a list is of."""

    title: str
    unit: str
    key: str
    """Of links to the request log."""
    measured: Callable[[Ranked], int]
    shown: Callable[[int], str]


_USERS = _Kind("Top users", "Spend", "user", lambda group: group.cost_micros, money)
_MODELS = _Kind("Top models", "Requests", "model", lambda group: group.requests, count)
_CLIENTS = _Kind("Top clients", "Requests", "client", lambda group: group.requests, count)
_TOOLS = _Kind("Top tools", "Calls", "tool", lambda group: group.tool_calls, count)


def boards(read: Read, link: Links, *, sees_everyone: bool) -> list[Board]:
    """All of them; each line leads to its requests."""
    kinds = [(_USERS, read.users), (_MODELS, read.models), (_CLIENTS, read.clients), (_TOOLS, read.tools)]
    return [_board(kind, ranked, link) for kind, ranked in kinds if sees_everyone or kind is not _USERS]


def _board(kind: _Kind, ranked: Sequence[Ranked], link: Links) -> Board:
    groups = ranked[:MOST_LISTED]
    most = max(map(kind.measured, groups), default=0)
    return Board(title=kind.title, unit=kind.unit, entries=[_entry(kind, group, most, link) for group in groups])


def _entry(kind: _Kind, group: Ranked, most: int, link: Links) -> Entry:
    figure = kind.measured(group)
    href = link(by=None, **{kind.key: _value(group)})
    return Entry(name=called(group), figure=kind.shown(figure), bar=share_bar(figure, most), href=href)


def _value(group: Ranked) -> str:
    return group.person.username if group.person is not None else group.key
