"""Sessions: everything that was worked on under a filter, last active first."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aibridge.filters import Filter
from aibridge.store.reading import Reader
from aibridge.store.session_list import SessionLog
from aibridge.texts import TextRefused
from aibridge.web.guard import parts_of
from aibridge.web.linking import Links, links
from aibridge.web.listed import Listed, state_of
from aibridge.web.pages.requests import list_values
from aibridge.web.paging import COUNTED, Paging, paging
from aibridge.web.ranges import RANGES, Range
from aibridge.web.render import page
from aibridge.web.requests.asked import DEFAULTS, Asked, asked_of, failed_only, filter_of, listens_at, spurious
from aibridge.web.requests.menus import Facet, facets_of
from aibridge.web.sessions.rows import Row, row
from aibridge.web.viewer import viewer_of

FACETS = frozenset(("user", "provider", "model", "client"))
"""Menus of this page; the values are those of its requests."""


class SessionsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    asked: Asked
    errors: bool
    """Only sessions in which something failed."""
    facets: tuple[Facet, ...]
    ranges: dict[str, Range]
    refused: str
    """Why nothing can be searched for; empty: it can."""
    rows: list[Row]
    paging: Paging
    link: Links
    mine: bool
    """Of the viewer alone."""
    live: str
    """Where the page hears of what is new."""


async def list_sessions(request: Request) -> Response:
    """The page, or for htmx its filters and rows."""
    viewer, parts = viewer_of(request), parts_of(request)
    now = datetime.now(UTC)
    asked = asked_of(request.query_params, now, sees_everyone=viewer.sees_everyone)
    errors = request.query_params.get("errors") == "1"
    link = links(request, defaults=DEFAULTS)
    refused, rows, found = "", list[Row](), SessionLog(rows=[], total=0)
    try:
        filter_ = await filter_of(asked, parts.people)
        if errors:
            filter_ = failed_only(filter_)
        found = await _found(parts.reader, viewer.scope, filter_, asked)
        pulses = await parts.reader.session_pulses([(each.id, each.initiator.id) for each in found.rows])
        listed = Listed(state=state_of(link))
        rows = [
            row(each, pulse, now, listed, initiator=each.initiator.id if viewer.sees_everyone else None)
            for each, pulse in zip(found.rows, pulses, strict=True)
        ]
    except TextRefused as why:
        refused = str(why)
    context = SessionsPage(
        asked=asked,
        errors=errors,
        facets=tuple(each for each in facets_of(asked, sees_everyone=viewer.sees_everyone) if each.key in FACETS),
        ranges=RANGES,
        refused=refused,
        rows=rows,
        paging=paging(asked.offset, asked.limit, found.total, reach=found.reach),
        link=link,
        mine=asked.chosen["user"] == (viewer.username,),
        live=listens_at(request, asked, now),
    )
    response = page(request, "sessions/page.html", context, "sessions/list.html")
    response.headers["hx-push-url"] = link(**{key: None for key in spurious(request.query_params) if key != "errors"})
    return response


async def _found(reader: Reader, scope: UUID | None, filter_: Filter, asked: Asked) -> SessionLog:
    limit = asked.limit
    found = await reader.session_log(scope, filter_, limit=limit, offset=asked.offset, up_to=COUNTED)
    if found.total and not found.rows:  # a link from beyond the end shows the last page
        last = paging(asked.offset, limit, found.total).first - 1
        found = await reader.session_log(scope, filter_, limit=limit, offset=last, up_to=COUNTED)
    return found


ROUTES = [
    Route("/sessions", list_sessions),
    Route("/sessions/menus/{facet}", list_values),
]
