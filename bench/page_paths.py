"""Which pages are opened: every one, over a day and over all there is, with filters, search, and a long session."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import msgspec

from bench.record import Facts, Viewer

PART = {"HX-Request": "true"}
"""Says that a script asks for it."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page, or what a script fetches into one."""

    about: str
    path: str
    is_part: bool = False
    """Fetched by a script: it is not opened in a browser of its own."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The long one that somebody may see."""

    path: str
    steps: int


def pages(facts: Facts, viewer: Viewer, session: Session | None, read: Callable[[str], str]) -> Iterator[Page]:
    """All that this viewer may open; `read` gives the HTML of a path, where links are found as people find them."""
    sees_everyone = viewer.username == facts.owner
    yield from _overview(facts)
    yield from _requests(facts, read)
    yield from _sessions(facts)
    if session is not None:
        yield from _session(facts, session, read)
    if sees_everyone:
        yield Page(about="users", path="/users")
        yield Page(about="users, searched", path="/users?q=a")
        yield Page(about="one user", path=f"/users/{quote(facts.busiest)}")
        yield Page(about="settings", path="/settings")
    yield Page(about="account", path="/account")
    yield Page(about="connect a client", path="/setup")


def _overview(facts: Facts) -> Iterator[Page]:
    model = _query("model", facts.model.common)
    yield Page(about="overview, a day", path="/overview")
    yield Page(about="overview, 90 days", path="/overview?range=90d")
    yield Page(about="overview, 90 days, by user", path="/overview?range=90d&by=user")
    yield Page(about="overview, 90 days, one model", path=f"/overview?range=90d&{model}")


def _requests(facts: Facts, read: Callable[[str], str]) -> Iterator[Page]:
    model, client = _query("model", facts.model.common), _query("client", facts.client.common)
    yield Page(about="requests, a day", path="/requests")
    yield Page(about="requests, 90 days", path="/requests?range=90d")
    yield Page(about="requests, 90 days, 200 on a page", path="/requests?range=90d&limit=200")
    yield Page(about="requests, 90 days, a model and a client", path=f"/requests?range=90d&{model}&{client}")
    yield Page(about="requests, 90 days, failed", path="/requests?range=90d&status=failed")
    yield Page(about="requests, 90 days, a tool", path=f"/requests?range=90d&{_query('tool', facts.tool.common)}")
    yield from _searched("requests", facts)
    yield Page(about="menu of models", path="/requests/menus/model?range=90d", is_part=True)
    found = re.search(r"/requests/[0-9a-f-]{36}", read("/requests?range=90d"))
    if found:
        yield Page(about="one request", path=found[0])


def _sessions(facts: Facts) -> Iterator[Page]:
    yield Page(about="sessions, a day", path="/sessions")
    yield Page(about="sessions, 90 days", path="/sessions?range=90d")
    yield Page(about="sessions, 90 days, a model", path=f"/sessions?range=90d&{_query('model', facts.model.common)}")
    yield Page(about="sessions, 90 days, failed", path="/sessions?range=90d&errors=1")
    yield from _searched("sessions", facts)


def _searched(name: str, facts: Facts) -> Iterator[Page]:
    yield Page(about=f"{name}, 90 days, a rare word", path=f"/{name}?range=90d&{_query('q', facts.word.rare)}")
    yield Page(about=f"{name}, 90 days, a common word", path=f"/{name}?range=90d&{_query('q', facts.word.common)}")
    yield Page(about=f"{name}, a day, a common word", path=f"/{name}?{_query('q', facts.word.common)}")


def _session(facts: Facts, session: Session, read: Callable[[str], str]) -> Iterator[Page]:
    yield Page(about="a long session", path=session.path)
    yield Page(about="a long session, searched", path=f"{session.path}?{_query('q', facts.word.common)}")
    found = re.search(r'id="s-([0-9a-f-]{36})"', read(session.path))
    if found:
        yield Page(about="a step of it", path=f"{session.path}/steps/{found[1]}", is_part=True)


def _query(key: str, value: str) -> str:
    return f"{key}={quote(value, safe='')}"
