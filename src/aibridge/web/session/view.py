"""What the templates of a session's timeline ask for, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from markupsafe import Markup

from aibridge.store.step_texts import StepTexts
from aibridge.web.marking import Marker
from aibridge.web.session.found import Found
from aibridge.web.session.links import Links
from aibridge.web.session.selecting import Selection
from aibridge.web.session.tree import Row
from aibridge.web.session.waterfall import waterfall
from aibridge.web.session.wording import Lead, lead

_NOTHING = StepTexts()
"""Of a step that has just been removed from the record."""


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

    def lead(self, row: Row) -> Lead:
        """What a step says of itself."""
        return lead(row, self._said(row))

    def found(self, row: Row, line: Lead) -> Found | None:
        """Where the search found something that the row does not show anyway."""
        places = self.matches.get(row.id, ())
        if not places:
            return None
        # An answer is longer than its row: where it matches is told.
        tells = "" if self._said(row).answer else line.tells
        shown = (line.server, line.tool, line.argument, tells, line.problem, row.step.prompt or "")
        text = " ".join(shown).casefold()
        return next((place for place in places if not place.shows_in(text)), None)

    def _said(self, row: Row) -> StepTexts:
        return self.said.get(row.id, _NOTHING)

    def waterfall(self, row: Row, start: datetime, end: datetime) -> Markup:
        """The step within its thread."""
        return waterfall(row, start, end)
