"""The filter menus of the request log: what is chosen, and the values to choose from, found on the server."""

from collections.abc import Sequence

import msgspec

from aibridge.filters import Filter
from aibridge.records import Outcome
from aibridge.store.activity import NEWEST, Menu, MenuValue
from aibridge.store.reading import Reader
from aibridge.store.usage import By, Ranked, UsageAsked
from aibridge.web.ranges import Window
from aibridge.web.requests.asked import Asked
from aibridge.web.requests.rows import ENDINGS
from aibridge.web.requests.strip import usage_asked
from aibridge.web.viewer import Viewer

MOST = 50
"""Values that a menu lists at once; typing finds the others."""


UNKNOWN = -1
"""Requests of a value that was not counted."""


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """A menu."""

    key: str
    label: str
    icon: str
    chosen: tuple[tuple[str, str], ...]
    """Each value with what it is called."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """A value to choose."""

    value: str
    shown: str
    requests: int | None
    """That would match; None: unknown."""
    is_chosen: bool


_FACETS = (
    ("user", "User", "user"),
    ("provider", "Provider", "plug"),
    ("model", "Model", "sparkles"),
    ("client", "Client", "code"),
    ("tool", "Tool", "wrench"),
    ("status", "Status", "activity"),
)
_FIELDS = {
    "user": "initiator_ids",
    "provider": "provider_names",
    "model": "models",
    "client": "clients",
    "tool": "tools",
    "status": "outcomes",
}


def facets_of(asked: Asked, *, sees_everyone: bool) -> tuple[Facet, ...]:
    """The menus. Who sees only their own requests has no users to choose from."""
    return tuple(
        Facet(key=key, label=label, icon=icon, chosen=tuple((value, called(key, value)) for value in asked.chosen[key]))
        for key, label, icon in _FACETS
        if key != "user" or sees_everyone
    )


def called(key: str, value: str) -> str:
    """What people call a value."""
    return ENDINGS[Outcome(value)] if key == "status" else value


def without(filter_: Filter, key: str) -> Filter:
    """The filter without its own condition: what else could be chosen."""
    return msgspec.structs.replace(filter_, **{_FIELDS[key]: None if key == "user" else frozenset()})


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a menu lists."""

    listed: list[Option]
    newest: int | None
    """The figures are of so many, the newest, as there are too many to count; None: of all."""


async def options(reader: Reader, viewer: Viewer, filter_: Filter, window: Window, facet: Facet, find: str) -> Options:
    """What is chosen first, then the values of the requests that match all else and that hold `find`."""
    others = without(filter_, facet.key)
    values = await reader.menu(viewer.scope, others, Menu(facet.key), find, limit=MOST)
    if values is None:
        values = await _rolled_up(reader, viewer, usage_asked(others, window), facet.key, find)
    if values is not None:
        return Options(listed=_options(facet, values), newest=None)
    values = await reader.menu(viewer.scope, others, Menu(facet.key), find, limit=MOST, newest=True) or []
    more = await _named(reader, viewer, others, window, facet.key, find)
    return Options(listed=_options(facet, [*values, *more][:MOST]), newest=NEWEST)


_BY = {
    "user": By.USER,
    "provider": By.PROVIDER_NAME,
    "model": By.MODEL,
    "client": By.CLIENT,
    "tool": By.TOOL,
}


async def _rolled_up(
    reader: Reader, viewer: Viewer, asked: UsageAsked | None, key: str, find: str
) -> list[MenuValue] | None:
    """With too many requests to be counted one by one: from the roll-ups, where they are fine enough."""
    if key not in _BY or asked is None:
        return None
    by = _BY[key]
    values = [_value(group) for group in (await reader.ranking(viewer.scope, asked, by))[by]]
    held = find.casefold()
    return [each for each in values if held in each.value.casefold() or held in each.name.casefold()][:MOST]


def _value(group: Ranked) -> MenuValue:
    if group.person is not None:
        return MenuValue(value=group.person.username, name=group.person.name, requests=group.requests)
    return MenuValue(value=group.key or "", name="", requests=group.requests)


async def _named(
    reader: Reader, viewer: Viewer, filter_: Filter, window: Window, key: str, find: str
) -> list[MenuValue]:
    """All that could be chosen, without figures: what else the time has, whatever is searched for."""
    if key == "status":
        return [MenuValue(value=each, name="", requests=UNKNOWN) for each in Outcome]
    loose = msgspec.structs.replace(filter_, text=(), session_ids=frozenset(), tools=frozenset())
    values = await _rolled_up(reader, viewer, usage_asked(loose, window), key, find) or []
    return [msgspec.structs.replace(each, requests=UNKNOWN) for each in values]


def _options(facet: Facet, values: Sequence[MenuValue]) -> list[Option]:
    found = {each.value: each for each in reversed(values)}
    chosen = [value for value, _ in facet.chosen]
    others = dict.fromkeys(each.value for each in values if each.value not in chosen)
    order = [*chosen, *others]
    return [_option(facet.key, value, found.get(value), is_chosen=value in chosen) for value in order]


def _option(key: str, value: str, found: MenuValue | None, *, is_chosen: bool) -> Option:
    return Option(
        value=value,
        shown=(found.name if found else "") or called(key, value),
        requests=None if found is None or found.requests == UNKNOWN else found.requests,
        is_chosen=is_chosen,
    )
