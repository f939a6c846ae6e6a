"""How long the pages take at size: the server, and, where there is a browser, until something is seen."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import msgspec

from bench.asking import Caller, Took, connected, timed
from bench.browser import Opened, Paint, Walk, open_browser
from bench.gateway import Server
from bench.page_paths import PART, Page, pages
from bench.record import Record
from bench.visitors import COOKIE, Visitor, signed_in

BUDGET = 100
"""ms that the server takes for 95 of 100 answers."""
REQUESTS_PER_VISIT = 10


class Shown(msgspec.Struct, kw_only=True):
    """One page, and what became of it."""

    page: Page
    took: dict[str, Took] = {}
    """By the viewer's title: from the question to the last byte."""
    sent: int = 0
    """Bytes of the largest answer, compressed."""
    paints: dict[str, Paint] = {}
    """By the viewer's title; empty without a browser."""
    problem: str = ""

    @property
    def late(self) -> bool:
        """Whether the server missed its budget."""
        return any(took.p95 > BUDGET for took in self.took.values())


class Pages(msgspec.Struct, kw_only=True):
    """All pages over one record."""

    interceptions: int
    server: str
    """PostgreSQL and its settings."""
    viewers: list[str]
    browser: str = ""
    """Its version; empty where there is none."""
    shown: list[Shown] = []
    walks: dict[str, Walk] = {}
    """A long session in the browser, by the viewer's title."""


def measure(record: Record, *, requests: int, tell: Callable[[str], None]) -> Pages:
    """Open everything as everyone. Signs people in on the record and out again."""
    shown: dict[str, Shown] = {}
    made = Pages(
        interceptions=record.facts.interceptions,
        server=record.server,
        viewers=[viewer.title for viewer in record.viewers],
    )
    with ExitStack() as stack:
        visitors = [stack.enter_context(signed_in(record.dsn, viewer)) for viewer in record.viewers]
        gateway = stack.enter_context(record.installation.serving(record.cores))
        browser = stack.enter_context(open_browser(gateway.port))
        made.browser = browser.version if browser else ""
        for visitor in visitors:
            tell(f"pages over {record.facts.interceptions:,} interceptions, as {visitor.viewer.title}")
            _ask_all(record, visitor, gateway, shown, requests)
            if browser is not None:
                visits = max(1, requests // REQUESTS_PER_VISIT)
                _look_at_all(browser.as_somebody(COOKIE, visitor.cookie), visitor, shown, made, visits)
    made.shown = list(shown.values())
    return made


def _ask_all(record: Record, visitor: Visitor, gateway: Server, shown: dict[str, Shown], requests: int) -> None:
    title = visitor.viewer.title
    with connected(gateway, Cookie=f"{COOKIE}={visitor.cookie}") as caller:
        for page in pages(record.facts, visitor.viewer, visitor.session, partial(_html, caller)):
            entry = shown.setdefault(page.about, Shown(page=page))
            entry.page = page
            headers = {"Accept-Encoding": "gzip"} | (PART if page.is_part else {})
            try:
                answer, took = timed(partial(caller.get, page.path, headers), requests)
            except OSError as error:
                entry.problem = entry.problem or f"as {title}: {error}"
                continue
            entry.sent = max(entry.sent, len(answer))
            entry.took[title] = took


def _html(caller: Caller, path: str) -> str:
    """The page that links are looked for in; empty where it is not answered, which is told where it is measured."""
    try:
        return caller.get(path).decode()
    except OSError:
        return ""


def _look_at_all(opened: Opened, visitor: Visitor, shown: dict[str, Shown], made: Pages, visits: int) -> None:
    title = visitor.viewer.title
    for entry in shown.values():
        if title in entry.took and not entry.page.is_part:
            entry.paints[title] = opened.paint(entry.page.path, visits)
    if visitor.session is not None:
        made.walks[title] = opened.walk(visitor.session.path, visitor.session.steps, visits)
