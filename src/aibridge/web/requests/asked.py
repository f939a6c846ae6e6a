"""What a link to the request log asks for. Unknown values are left out: an old link still opens."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request

from aibridge.filters import Filter
from aibridge.records import Outcome
from aibridge.store.people import People
from aibridge.store.session_detail import FAILURES
from aibridge.store.text import can_be_stored
from aibridge.texts import texts_of
from aibridge.web.guard import parts_of
from aibridge.web.linking import Links
from aibridge.web.ranges import RANGES, Window, rfc3339, window_of
from aibridge.web.viewer import viewer_of

FACETS = ("user", "provider", "model", "client", "status", "tool")
"""What menus choose from; each is a key of links."""
LIMITS = (25, 50, 100, 200)
"""Rows on a page."""
DEFAULTS: Mapping[str, str | int] = {"range": "24h", "limit": 50, "offset": 0}
MOST_VALUES = 50
"""Of one menu, at once."""
MOST_CHARACTERS = 1000
"""Of a value, and of what is searched for."""

_TICK = timedelta(microseconds=1)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the page."""

    window: Window
    text: str
    """What is searched for, as it was written."""
    chosen: Mapping[str, tuple[str, ...]]
    """By facet; users by name, statuses by outcome."""
    sessions: tuple[str, ...]
    limit: int
    offset: int
    open: UUID | None
    """The row that is shown in full."""

    @property
    def is_filtered(self) -> bool:
        """Anything but the time."""
        return bool(self.text or self.sessions or any(self.chosen.values()))


def asked_of(query: QueryParams, now: datetime, *, sees_everyone: bool) -> Asked:
    """Read a link. Members have nobody to choose from but themselves."""
    chosen = {facet: _values(query.getlist(facet)) for facet in FACETS}
    chosen["status"] = tuple(value for value in chosen["status"] if value in set(Outcome))
    if not sees_everyone:
        chosen["user"] = ()
    limit = _number(query.get("limit"))
    return Asked(
        window=window_of(query, now),
        text=_storable(query.get("q", "").strip()[:MOST_CHARACTERS]),
        chosen=chosen,
        sessions=_values(query.getlist("session")),
        limit=limit if limit in LIMITS else int(DEFAULTS["limit"]),
        offset=_number(query.get("offset")),
        open=as_uuid(query.get("open", "")),
    )


_KEYS = frozenset((*FACETS, *DEFAULTS, "q", "from", "to", "session", "open"))


def spurious(query: QueryParams, *, also_known: str = "") -> dict[str, None]:
    """The keys that say nothing, for links to leave out: what a form sends along."""
    keys = {key for key in query if key not in _KEYS and key != also_known}
    return dict.fromkeys(keys | {"from", "to"} if query.get("range") in RANGES else keys)


async def filter_of(asked: Asked, people: People) -> Filter:
    """The same as the lists understand it. Raises `TextRefused` for words that cannot be searched for."""
    chosen, window = asked.chosen, asked.window
    return Filter(
        initiator_ids=await _ids_of(chosen["user"], people) if chosen["user"] else None,
        provider_names=frozenset(chosen["provider"]),
        models=frozenset(chosen["model"]),
        clients=frozenset(chosen["client"]),
        outcomes=frozenset(chosen["status"]),
        tools=frozenset(chosen["tool"]),
        session_ids=frozenset(asked.sessions),
        text=texts_of(asked.text),
        started_after=window.start,
        started_before=None if window.until_now else window.end - _TICK,
    )


async def list_filter(request: Request, query: QueryParams, now: datetime) -> Filter:
    """The filter of a list, of requests or of sessions, in this state. Raises `TextRefused`."""
    asked = asked_of(query, now, sees_everyone=viewer_of(request).sees_everyone)
    found = await filter_of(asked, parts_of(request).people)
    return failed_only(found) if query.get("errors") == "1" else found


def failed_only(filter_: Filter) -> Filter:
    """The filter with what counts as a failure alone."""
    return msgspec.structs.replace(filter_, outcomes=frozenset(FAILURES))


def listens_at(request: Request, asked: Asked, now: datetime) -> str:
    """Where a list hears of what comes from now on; of what matches, where it does not show all."""
    if not asked.is_filtered and "errors" not in request.query_params:
        return "/events"
    left_out = dict.fromkeys(("offset", "limit", "open", "range", "from", "to"))
    return Links("/events", request.query_params)(**left_out, since=rfc3339(now))


async def _ids_of(names: Collection[str], people: People) -> frozenset[UUID]:
    """Of those who are deleted by their id: a name may have passed to somebody else."""
    found = [as_uuid(name) or await people.find_user(name) for name in names]
    return frozenset(each if isinstance(each, UUID) else each.id for each in found if each is not None)


def as_uuid(text: str) -> UUID | None:
    """The id that this text is."""
    try:
        return UUID(text) if len(text) == 36 else None  # noqa: PLR2004 - as ids are written
    except ValueError:
        return None


def _values(given: Iterable[str]) -> tuple[str, ...]:
    kept = dict.fromkeys(value for value in given if value and len(value) <= MOST_CHARACTERS and can_be_stored(value))
    return tuple(kept)[:MOST_VALUES]


def _storable(text: str) -> str:
    return text if can_be_stored(text) else ""


def _number(text: str | None) -> int:
    """At most nine figures; what is not a number is 0."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004
