"""The list that somebody came from: its whole state is one parameter of the link, by which neighbours are found."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request

from aibridge.web.linking import Links, Value, href

PARAMETER = "list"
"""Of links; its value is the query of the list."""
MOST_CHARACTERS = 2000
"""Of it."""

Way = Literal["newer", "older"]
WAYS: tuple[Way, ...] = ("newer", "older")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody came from, and whether it ends here."""

    state: str = ""
    """The query of the list; empty: they came from none."""
    end: str = ""
    """The way on which nothing more was found: `newer` or `older`; else empty."""

    @property
    def query(self) -> QueryParams:
        """The state, to be read as the list reads it."""
        return QueryParams(self.state)

    def back(self, path: str) -> str:
        """The list as it was."""
        return f"{path}?{self.state}" if self.state else path

    def to(self, path: str, **more: str | None) -> str:
        """A page that keeps where somebody came from."""
        asked = [(key, value) for key, value in more.items() if value]
        return href(path, asked + ([(PARAMETER, self.state)] if self.state else []))


def listed_of(request: Request) -> Listed:
    """What a link says of it."""
    state = request.query_params.get(PARAMETER, "")
    end = request.query_params.get("end", "")
    return Listed(state=state if len(state) <= MOST_CHARACTERS else "", end=end if end in WAYS else "")


def state_of(link: Links) -> str:
    """The state of a list, for links to what it shows; never empty."""
    leaving: Mapping[str, Value] = {"limit": None, "offset": None, "open": None}
    state = link(**leaving).partition("?")[2]
    return state if state and len(state) <= MOST_CHARACTERS else "range=24h"
