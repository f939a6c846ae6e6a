"""One session: the page, the portions of its timeline that come later, and one step in full."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aibridge.exporting.download import Download
from aibridge.exporting.sessions import SessionFormat, session_export
from aibridge.store.session_shown import ReadSession
from aibridge.store.timeline import ReadTimeline
from aibridge.texts import Text, TextRefused
from aibridge.web.addresses import session_path
from aibridge.web.guard import parts_of
from aibridge.web.marking import Marker
from aibridge.web.ranges import rfc3339
from aibridge.web.render import page
from aibridge.web.session.asked import as_id, links_of, needed_id
from aibridge.web.session.building import tree_of
from aibridge.web.session.figures import Figures, axis_of, figures_of, is_active, pauses
from aibridge.web.session.found import found_by_step, sought
from aibridge.web.session.growth import MOST, fresh
from aibridge.web.session.links import Links
from aibridge.web.session.map import session_map
from aibridge.web.session.opening import OpenStep, opened
from aibridge.web.session.outline import Outline, outline_of
from aibridge.web.session.portion import PORTION, Branch, Gap, Item, Portion, in_order, portion_around, rows_in, within
from aibridge.web.session.selecting import Selection, Show
from aibridge.web.session.tree import Thread
from aibridge.web.session.view import View
from aibridge.web.session.wording import title_of
from aibridge.web.viewer import viewer_of


@dataclass(frozen=True, kw_only=True)
class SessionPage:
    """The page."""

    session: ReadSession
    title: str
    active: bool
    read_at: str
    """When; the page asks for what is new since then."""
    figures: Figures
    map: Markup
    kinds: Sequence[tuple[Show, str, int]]
    """What can be shown, what it is called, and how many steps that is."""
    outline: Outline
    items: Sequence[Branch | Gap]
    view: View
    refused: str
    """Why nothing can be searched for; empty: it can."""
    step: OpenStep | None
    live: str
    """Where the page hears that the session goes on."""


@dataclass(frozen=True, kw_only=True)
class PortionPart:
    """What a gap stood for."""

    view: View
    thread: Thread | None
    """None: the items are threads."""
    items: Sequence[Branch | Gap] | Sequence[Item]


@dataclass(frozen=True, kw_only=True)
class StepPart:
    """One step beside the timeline."""

    links: Links
    step: OpenStep
    mark: Marker


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A session that was asked for, read and laid out."""

    links: Links
    read: ReadTimeline
    threads: Sequence[Thread]
    selection: Selection
    texts: Sequence[Text]
    """What is searched for."""
    refused: str

    async def view(self, request: Request, items: Sequence[Branch | Item], opened_: UUID | None = None) -> View:
        """The session as the link shows it, with what these items say."""
        said, places = await parts_of(request).reader.step_texts(
            self.read.session.id,
            self.read.session.initiator.id,
            viewer_of(request).scope,
            [row.id for row in rows_in(items)],
            self.texts,
        )
        return View(
            links=self.links,
            started_at=self.read.session.started_at,
            selection=self.selection,
            said=said,
            matches=found_by_step(places),
            mark=Marker(self.texts),
            pauses={} if self.selection.narrows else pauses(self.threads),
            opened=opened_,
        )


async def _asked(request: Request) -> _Asked:
    links = links_of(request)
    texts, refused = _sought(links.text)
    read, found = await _read(request, links, texts)
    if read is None:
        raise HTTPException(404)
    threads = tree_of(read)
    return _Asked(
        links=links,
        read=read,
        threads=threads,
        selection=Selection(threads, links.show, found, only=fresh(threads, links.since) if links.since else None),
        texts=texts,
        refused=refused,
    )


async def _read(
    request: Request, links: Links, texts: Sequence[Text]
) -> tuple[ReadTimeline | None, frozenset[UUID] | None]:
    """The session, and which of its steps hold what is searched for: both take a while, so they are read at once."""
    reader, scope = parts_of(request).reader, viewer_of(request).scope
    if not texts:
        return await reader.timeline(links.session_id, scope, initiator=links.initiator), None
    initiator = links.initiator or await reader.whose_session(links.session_id, scope)
    if initiator is None:
        return None, None
    read, found = await asyncio.gather(
        reader.timeline(links.session_id, scope, initiator=initiator),
        reader.steps_holding(links.session_id, initiator, scope, texts),
    )
    return read, frozenset(found)


def _sought(written: str) -> tuple[Sequence[Text], str]:
    """What is searched for, or why it cannot be."""
    try:
        return sought(written), ""
    except TextRefused as why:
        return (), f"{why}."


async def _step(request: Request, links: Links, id_: UUID | None) -> OpenStep | None:
    if id_ is None:
        return None
    found = await parts_of(request).reader.step(links.session_id, id_, viewer_of(request).scope)
    if found is None or links.initiator not in {None, found[0].initiator.id}:
        return None
    return opened(*found)


async def show_session(request: Request) -> Response:
    """The page, or for htmx its timeline."""
    asked = await _asked(request)
    step, now = await _step(request, asked.links, as_id(request.query_params.get("step"))), datetime.now(UTC)
    read, threads = asked.read, asked.threads
    active = is_active(read, now)
    axis = axis_of([row for thread in threads for row in thread.all_rows])
    figures = figures_of(read, threads, axis)
    items = _shown(asked, step).threads(threads)
    context = SessionPage(
        session=read.session,
        title=title_of(read.session, active=active),
        active=active,
        read_at=rfc3339(now),
        figures=figures,
        map=session_map(threads, axis),
        kinds=_kinds(figures),
        outline=outline_of(threads, items, asked.links),
        items=items,
        view=await asked.view(request, items, step.id if step else None),
        refused=asked.refused,
        step=step,
        live="/events?" + urlencode({"session": read.session.id, "initiator": str(read.session.initiator.id)}),
    )
    return page(request, "session/page.html", context, "session/body.html")


def _shown(asked: _Asked, step: OpenStep | None) -> Portion:
    if asked.links.since is not None:
        return Portion(asked.selection, 0, MOST)
    return portion_around(asked.selection, asked.threads, asked.links.start, step.id if step else None)


def _kinds(figures: Figures) -> list[tuple[Show, str, int]]:
    return [
        (Show.ALL, "All", figures.steps),
        (Show.TOOLS, "With tools", figures.calling),
        (Show.THOUGHTS, "With thoughts", figures.with_thoughts),
        (Show.ERRORS, "Failed", figures.failed),
    ]


async def show_rows(request: Request) -> Response:
    """What a gap stands for, or the nearest part of it with a gap for the rest."""
    asked, query = await _asked(request), request.query_params
    first, last, before = needed_id(query.get("first")), needed_id(query.get("last")), "before" in query
    thread_id = as_id(query.get("thread"))
    if thread_id is None:
        threads = within(asked.threads, first, last)
        part = _portion(asked.selection, sum(asked.selection.of(each) for each in threads), before)
        return await _part(request, asked, None, part.threads(threads))
    thread = next((each for each in _every(asked.threads) if each.id == thread_id), None)
    if thread is None:
        raise HTTPException(404)
    rows = within(thread.rows, first, last)
    part = _portion(asked.selection, sum(asked.selection.size(each) for each in rows), before)
    return await _part(request, asked, thread, part.rows(rows, thread))


def _portion(selection: Selection, rows: int, before: bool) -> Portion:  # noqa: FBT001 - the link's own word
    return Portion(selection, rows - PORTION, rows) if before else Portion(selection)


async def _part(
    request: Request, asked: _Asked, thread: Thread | None, items: Sequence[Branch | Gap] | Sequence[Item]
) -> Response:
    if "hx-request" not in request.headers:
        return RedirectResponse(asked.links.path + asked.links.begin(as_id(request.query_params.get("first"))), 303)
    return page(
        request, "session/portion.html", PortionPart(view=await asked.view(request, items), thread=thread, items=items)
    )


def _every(threads: Sequence[Thread]) -> list[Thread]:
    return [*threads, *(agent for thread in threads for row in thread.all_rows for agent in row.agents)]


async def show_step(request: Request) -> Response:
    """One step beside the timeline; without scripts it is the page with this step opened."""
    links = links_of(request)
    id_ = needed_id(request.path_params["step"])
    if "hx-request" not in request.headers:
        return RedirectResponse(links.path + links.page(step=id_), 303)
    step = await _step(request, links, id_)
    if step is None:
        raise HTTPException(404)
    return page(request, "session/step.html", StepPart(links=links, step=step, mark=Marker(_sought(links.text)[0])))


async def next_failure(request: Request) -> Response:
    """The id of the first failed step behind another, in the order in which they stand; empty: none follows."""
    asked = await _asked(request)
    after = as_id(request.query_params.get("after"))
    order = in_order(asked.selection, [row for thread in asked.threads for row in thread.rows])
    at = next((place for place, row in enumerate(order) if row.id == after), -1)
    return PlainTextResponse(next((str(row.id) for row in order[at + 1 :] if row.failed), ""))


async def export_session(request: Request) -> Response:
    """All of the session as a file, made while it is taken."""
    links = links_of(request)
    export = await session_export(
        parts_of(request).exports,
        links.session_id,
        viewer_of(request).scope,
        initiator=links.initiator,
        format_=_FORMATS[request.url.path.rpartition(".")[2]],
        now=datetime.now(UTC),
    )
    if export is None:
        raise HTTPException(404)
    return Download(export)


_FORMATS = {"json": SessionFormat.JSON, "md": SessionFormat.MARKDOWN}


async def find_session(request: Request) -> Response:
    """An id with slashes in it, written as it is."""
    query = request.url.query
    path = session_path(request.path_params["session"])
    return RedirectResponse(f"{path}?{query}" if query else path, 303)


ROUTES = [
    Route("/sessions/{session}", show_session),
    *(Route(f"/sessions/{{session}}/export.{kind}", export_session) for kind in _FORMATS),
    Route("/sessions/{session}/rows", show_rows),
    Route("/sessions/{session}/next-failure", next_failure),
    Route("/sessions/{session}/steps/{step}", show_step),
    Route("/sessions/{session:path}", find_session),
]
