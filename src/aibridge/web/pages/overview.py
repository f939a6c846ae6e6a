"""Overview: what was asked for and spent in a time, by whom and with what."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aibridge.store.usage import By
from aibridge.web.guard import parts_of
from aibridge.web.linking import Links, links
from aibridge.web.overview.alerts import Alert, alerts
from aibridge.web.overview.boards import Board, boards
from aibridge.web.overview.panels import NAMES, Panel, panels
from aibridge.web.overview.reading import read
from aibridge.web.overview.tiles import Tile, tiles
from aibridge.web.pages.requests import list_values
from aibridge.web.ranges import HOUR, RANGES, Range, Window, floor
from aibridge.web.render import page
from aibridge.web.requests.asked import DEFAULTS, Asked, asked_of, filter_of, spurious
from aibridge.web.requests.menus import Facet, facets_of
from aibridge.web.viewer import viewer_of

FACETS = frozenset(("user", "provider", "model", "client"))
"""The menus of this page."""


class OverviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    asked: Asked
    facets: tuple[Facet, ...]
    ranges: dict[str, Range]
    by: str
    splits: tuple[str, ...]
    """What the cost can be split by."""
    tiles: list[Tile]
    panels: list[Panel]
    boards: list[Board]
    alerts: list[Alert]
    is_empty: bool
    link: Links


async def overview(request: Request) -> Response:
    """The page, or for htmx all below its title."""
    viewer, parts, query = viewer_of(request), parts_of(request), request.query_params
    asked = _asked(asked_of(query, datetime.now(UTC), sees_everyone=viewer.sees_everyone))
    by = next((by for by, name in NAMES.items() if name == query.get("by")), By.MODEL)
    found = await read(parts.reader, viewer.scope, asked.window, await filter_of(asked, parts.people), by)
    own, logs = links(request, defaults={**DEFAULTS, "by": "model"}), Links("/requests", query, defaults=DEFAULTS)
    context = OverviewPage(
        asked=asked,
        facets=tuple(each for each in facets_of(asked, sees_everyone=viewer.sees_everyone) if each.key in FACETS),
        ranges=RANGES,
        by=NAMES[by],
        splits=tuple(name for by, name in NAMES.items() if viewer.sees_everyone or by is not By.USER),
        tiles=tiles(found, logs, sees_everyone=viewer.sees_everyone),
        panels=panels(found.now, asked.window, logs),
        boards=boards(found, logs, sees_everyone=viewer.sees_everyone),
        alerts=alerts(found.models, parts.facts, logs, unpriced=found.now.totals.unpriced),
        is_empty=not found.now.totals.requests,
        link=own,
    )
    response = page(request, "overview/page.html", context, "overview/results.html")
    response.headers["hx-push-url"] = own(**spurious(query, also_known="by"))
    return response


def _asked(asked: Asked) -> Asked:
    """In full hours, and without what usage is not kept by."""
    chosen = {key: values if key in FACETS else () for key, values in asked.chosen.items()}
    return msgspec.structs.replace(asked, window=_hourly(asked.window), text="", sessions=(), chosen=chosen)


def _hourly(window: Window) -> Window:
    return msgspec.structs.replace(window, start=floor(window.start, HOUR), step=max(window.step, HOUR))


ROUTES = [Route("/overview", overview), Route("/overview/menus/{facet}", list_values)]
