"""The filter menus of the request log: what is chosen, and the values to choose from, found on the server."""

from collections.abc import Sequence

import msgspec

from aibridge.filters import Filter
from aibridge.records import Outcome
from aibridge.store.activity import Menu, MenuValue
from aibridge.store.reading import Reader
from aibridge.store.usage import Bucket, By, UsageGroup
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


async def options(
    reader: Reader, viewer: Viewer, filter_: Filter, window: Window, facet: Facet, find: str
) -> list[Option]:
    """What is chosen first, then the values of the requests that match all else and that hold `find`."""
    others = without(filter_, facet.key)
    values = await reader.menu(viewer.scope, others, Menu(facet.key), find, limit=MOST)
    if values is None:
        values = await _rolled_up(reader, viewer, others, window, facet.key, find)
    return _options(facet, values)


_BY = {
    "user": By.USER,
    "provider": By.PROVIDER_NAME,
    "model": By.MODEL,
    "client": By.CLIENT,
    "tool": By.TOOL,
}


async def _rolled_up(
    reader: Reader, viewer: Viewer, filter_: Filter, window: Window, key: str, find: str
) -> list[MenuValue]:
    """With too many requests to be counted one by one: from the roll-ups, where they are fine enough."""
    asked = usage_asked(filter_, window)
    if key not in _BY or asked is None:
        return await _named(reader, viewer, key, find)
    usage = await reader.usage(viewer.scope, msgspec.structs.replace(asked, by=_BY[key], bucket=Bucket.NONE))
    values = [_value(group) for group in usage.groups]
    held = find.casefold()
    return [each for each in values if held in each.value.casefold() or held in each.name.casefold()][:MOST]


def _value(group: UsageGroup) -> MenuValue:
    if group.person is not None:
        return MenuValue(value=group.person.username, name=group.person.name, requests=group.requests)
    return MenuValue(value=group.key or "", name="", requests=group.requests)


async def _named(reader: Reader, viewer: Viewer, key: str, find: str) -> list[MenuValue]:
    """Else the values that begin so, without figures."""
    if key == "status":
        return [MenuValue(value=each, name="", requests=UNKNOWN) for each in Outcome]
    lists = {"provider": reader.providers, "model": reader.models, "client": reader.clients}
    names = await lists[key](viewer.scope, find, limit=MOST, offset=0) if key in lists else []
    return [MenuValue(value=name, name="", requests=UNKNOWN) for name in names]


def _options(facet: Facet, values: Sequence[MenuValue]) -> list[Option]:
    found = {each.value: each for each in values}
    chosen = [value for value, _ in facet.chosen]
    order = [*chosen, *(value for value in found if value not in chosen)]
    return [_option(facet.key, value, found.get(value), is_chosen=value in chosen) for value in order]


def _option(key: str, value: str, found: MenuValue | None, *, is_chosen: bool) -> Option:
    return Option(
        value=value,
        shown=(found.name if found else "") or called(key, value),
        requests=None if found is None or found.requests == UNKNOWN else found.requests,
        is_chosen=is_chosen,
    )
