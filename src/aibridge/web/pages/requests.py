"""Request logs: every request under a filter, one of them in full, and the large values in it."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aibridge.exporting.download import Download
from aibridge.exporting.interceptions import TableFormat, interceptions_export
from aibridge.filters import Filter
from aibridge.store.interceptions import ReadInterception
from aibridge.store.reading import Reader
from aibridge.store.request_log import RequestLog
from aibridge.store.session_detail import FAILURES
from aibridge.texts import TextRefused
from aibridge.web.guard import parts_of
from aibridge.web.large import MOST, Large, large
from aibridge.web.linking import Links, links
from aibridge.web.listed import Listed, listed_of, state_of
from aibridge.web.marking import Marker
from aibridge.web.paging import COUNTED, Paging, paging
from aibridge.web.ranges import RANGES, Range
from aibridge.web.render import page
from aibridge.web.requests.asked import DEFAULTS, Asked, asked_of, filter_of, listens_at, spurious
from aibridge.web.requests.detail import Detail, detail
from aibridge.web.requests.menus import Facet, Options, facets_of, options
from aibridge.web.requests.rows import Row, row
from aibridge.web.requests.strip import Strip, rolled_up, steps_of, strip, usage_asked
from aibridge.web.viewer import viewer_of

_NOTHING = RequestLog(rows=[], total=0, activity=[], counted=0)


class RequestsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The list."""

    asked: Asked
    facets: tuple[Facet, ...]
    ranges: dict[str, Range]
    refused: str
    """Why nothing can be searched for; empty: it can."""
    rows: list[Row]
    strip: Strip
    failed_href: str
    """The list of those that failed in any way; empty: there are none, or endings are chosen already."""
    paging: Paging
    open: Detail | None
    mark: Marker
    """Marks what is searched for."""
    link: Links
    listed: Listed
    """This list, for what it leads to."""
    live: str
    """Where the page hears of what is new."""


class MenuPage(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one menu."""

    list_path: str
    """The list that they narrow: of requests, or of sessions."""
    asked: Asked
    facet: Facet
    facets: tuple[Facet, ...]
    find: str
    options: Options


class RequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    detail: Detail
    mark: Marker
    listed: Listed
    """Where somebody came from."""


class ValuePage(msgspec.Struct, frozen=True, kw_only=True):
    """A large value of a request."""

    title: str
    told: Large
    back: str
    """Where the request is."""
    download: str


async def list_requests(request: Request) -> Response:
    """The page, or for htmx its filters and rows."""
    viewer, parts, now = viewer_of(request), parts_of(request), datetime.now(UTC)
    asked = asked_of(request.query_params, now, sees_everyone=viewer.sees_everyone)
    link = links(request, defaults=DEFAULTS)
    refused, found, mark = "", _NOTHING, Marker()
    try:
        filter_ = await filter_of(asked, parts.people)
        found, mark = await _read(parts.reader, viewer.scope, asked, filter_), Marker(filter_.text)
    except TextRefused as why:
        refused = str(why)
    opened = await parts.reader.request(asked.open, viewer.scope) if asked.open else None
    summed = _strip(found, asked, link)
    context = RequestsPage(
        asked=asked,
        facets=facets_of(asked, sees_everyone=viewer.sees_everyone),
        ranges=RANGES,
        refused=refused,
        rows=[row(each) for each in found.rows],
        strip=summed,
        failed_href=_failed(summed, asked, link),
        paging=paging(asked.offset, asked.limit, found.total, reach=found.reach),
        open=detail(*opened) if opened else None,
        mark=mark,
        link=link,
        listed=Listed(state=state_of(link)),
        live=listens_at(request, asked, now),
    )
    response = page(request, "requests/page.html", context, "requests/list.html")
    response.headers["hx-push-url"] = link(**spurious(request.query_params))
    return response


async def _read(reader: Reader, scope: UUID | None, asked: Asked, filter_: Filter) -> RequestLog:
    """The page, and what the whole filter came to: from the roll-ups where they are fine enough, else one by one."""
    usage = usage_asked(filter_, asked.window)
    steps = None if usage else steps_of(asked.window)
    found = await reader.request_log(scope, filter_, limit=asked.limit, offset=asked.offset, steps=steps, up_to=COUNTED)
    if usage is None:
        return found
    activity = rolled_up(await reader.usage(scope, usage), asked.window)
    return msgspec.structs.replace(found, activity=activity, counted=found.total)


def _failed(summed: Strip, asked: Asked, link: Links) -> str:
    """Menus tell the ways to fail apart: a number for all of them has to say which these are."""
    if not summed.failures or asked.chosen["status"]:
        return ""
    return link(offset=None, open=None, status=sorted(FAILURES))


def _strip(found: RequestLog, asked: Asked, link: Links) -> Strip:
    newest = found.counted if found.counted < found.total else None
    return strip(found.activity, asked.window, link, newest=newest)


async def list_values(request: Request) -> Response:
    """What a menu lists: for htmx the options, else a page to choose from without scripts."""
    viewer, parts = viewer_of(request), parts_of(request)
    asked = asked_of(request.query_params, datetime.now(UTC), sees_everyone=viewer.sees_everyone)
    facets = facets_of(asked, sees_everyone=viewer.sees_everyone)
    facet = next((each for each in facets if each.key == request.path_params["facet"]), None)
    if facet is None:
        raise HTTPException(404)
    find = request.query_params.get(f"find-{facet.key}", "").strip()
    try:
        found = await options(parts.reader, viewer, await filter_of(asked, parts.people), asked.window, facet, find)
    except TextRefused:
        found = Options(listed=[], newest=None)
    list_path = request.url.path.partition("/menus/")[0]
    context = MenuPage(list_path=list_path, asked=asked, facet=facet, facets=facets, find=find, options=found)
    return page(request, "requests/menu.html", context, "requests/options.html")


async def export_csv(request: Request) -> Response:
    """All requests of the filter as a table."""
    return await _export(request, TableFormat.CSV)


async def export_jsonl(request: Request) -> Response:
    """The same, each whole, as lines of JSON."""
    return await _export(request, TableFormat.JSONL)


async def _export(request: Request, format_: TableFormat) -> Response:
    """A file that is made while it is taken."""
    viewer, parts, now = viewer_of(request), parts_of(request), datetime.now(UTC)
    asked = asked_of(request.query_params, now, sees_everyone=viewer.sees_everyone)
    try:
        filter_ = await filter_of(asked, parts.people)
    except TextRefused as why:
        raise HTTPException(400) from why
    return Download(await interceptions_export(parts.exports, viewer.scope, filter_, format_=format_, now=now))


async def show_request(request: Request) -> Response:
    """One request, as a page or as what its row opens."""
    found = await parts_of(request).reader.request(request.path_params["id"], viewer_of(request).scope)
    if found is None:
        raise HTTPException(404)
    context = RequestPage(detail=detail(*found), mark=Marker(), listed=listed_of(request))
    return page(request, "requests/request.html", context, "requests/detail.html")


async def show_value(request: Request) -> Response:
    """All of a prompt, a thought or a tool's arguments."""
    found = await _found(request)
    title, text = _value(found, request.path_params["item"])
    told = large(text, whole=MOST)
    if not told.can_be_shown:
        raise HTTPException(404)
    path = f"/requests/{found.id}"
    context = ValuePage(title=title, told=told, back=path, download=f"{request.url.path}/download")
    return page(request, "requests/value.html", context, "requests/value_part.html")


async def download_value(request: Request) -> Response:
    """The same as a file, whatever its size."""
    item = request.path_params["item"]
    _, text = _value(await _found(request), item)
    return PlainTextResponse(text, headers={"content-disposition": f'attachment; filename="{item}.txt"'})


async def _found(request: Request) -> ReadInterception:
    found = await parts_of(request).reader.interception(request.path_params["id"], viewer_of(request).scope)
    if found is None:
        raise HTTPException(404)
    return found


def _value(found: ReadInterception, item: UUID) -> tuple[str, str]:
    """What it is, and the text. Raises 404 for what is not of this request."""
    values = {
        **{each.id: ("Prompt", each.prompt) for each in found.user_prompts},
        **{each.id: ("Model thought", each.content) for each in found.model_thoughts},
        **{each.id: (f"Arguments of {each.tool}", each.input) for each in found.tool_usages},
        **{each.id: ("Answer", each.content) for each in found.model_answers},
        **{each.id: ("Result of a tool call", each.content) for each in found.tool_results},
    }
    if item not in values:
        raise HTTPException(404)
    return values[item]


ROUTES = [
    Route("/requests", list_requests),
    Route("/requests/export.csv", export_csv),
    Route("/requests/export.jsonl", export_jsonl),
    Route("/requests/menus/{facet}", list_values),
    Route("/requests/{id:uuid}", show_request),
    Route("/requests/{id:uuid}/values/{item:uuid}", show_value),
    Route("/requests/{id:uuid}/values/{item:uuid}/download", download_value),
]
