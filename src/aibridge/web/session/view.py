"""What the templates of a session's timeline ask for, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

import msgspec
from markupsafe import Markup

from aibridge.store.step_texts import StepTexts
from aibridge.web.marking import Marker
from aibridge.web.session.found import Found
from aibridge.web.session.links import Links
from aibridge.web.session.selecting import Selection
from aibridge.web.session.tree import Row
from aibridge.web.session.waterfall import waterfall
from aibridge.web.session.wording import Lead, lead
from aibridge.web.shapes import use

_NOTHING = StepTexts()
"""Of a step that has just been removed from the record."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a step; what it does not have is empty."""

    href: str
    icon: Markup
    server: str
    """The MCP server of the tool."""
    tool: str
    argument: str
    tells: str
    """What a step without a tool says."""
    problem: str
    """Why it failed."""
    found: Found | None
    """Where the search found something that the row does not show anyway."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A session as one link shows it."""

    links: Links
    started_at: datetime
    selection: Selection
    said: Mapping[UUID, StepTexts]
    """What the steps that are shown say."""
    matches: Mapping[UUID, Sequence[Found]]
    """What a search found in them."""
    mark: Marker
    """Marks what was searched for."""
    pauses: Mapping[UUID, timedelta]
    """Before a thread; none while the steps are narrowed down, since what stands side by side then may lie apart."""
    opened: UUID | None
    """The step whose details are shown."""

    @property
    def text(self) -> str:
        """What is searched for."""
        return self.links.text

    def line(self, row: Row) -> Line:
        """What the row of a step shows, with what was searched for marked."""
        said = lead(row, self._said(row))
        mark = self.mark
        return Line(
            href=f"{self._href}{row.id}",
            icon=use(said.icon),
            server=said.server and mark(said.server),
            tool=said.tool and mark(said.tool),
            argument=said.argument and mark(said.argument),
            tells=said.tells and mark(said.tells),
            problem=said.problem and mark(said.problem),
            found=self._found(row, said) if self.matches else None,
        )

    @cached_property
    def _href(self) -> str:
        """The page with a step opened, but for the step: `Links.page` for each row would write the same again."""
        page = self.links.page()
        return f"{page}step=" if page == "?" else f"{page}&step="

    def _found(self, row: Row, said: Lead) -> Found | None:
        places = self.matches.get(row.id, ())
        if not places:
            return None
        # An answer is longer than its row: where it matches is told.
        tells = "" if self._said(row).answer else said.tells
        shown = (said.server, said.tool, said.argument, tells, said.problem, row.step.prompt or "")
        text = " ".join(shown).casefold()
        return next((place for place in places if not place.shows_in(text)), None)

    def _said(self, row: Row) -> StepTexts:
        return self.said.get(row.id, _NOTHING)

    def waterfall(self, row: Row, start: datetime, end: datetime) -> Markup:
        """The step within its thread."""
        return waterfall(row, start, end)
