"""Where the session's page leads to: its own states, its parts, its exports."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from aibridge.web.addresses import session_path
from aibridge.web.listed import PARAMETER, WAYS, Listed, Way
from aibridge.web.session.portion import Gap
from aibridge.web.session.selecting import Show


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the page that every link carries on."""

    session_id: str
    initiator: UUID | None
    """Whose session, where the link that led here said so."""
    text: str = ""
    """What is searched for."""
    show: Show = Show.ALL
    start: UUID | None = None
    """The step from which on the timeline is shown; None: from the first."""
    since: datetime | None = None
    """Only what is new since then is shown; no link carries it on."""
    listed: Listed = Listed()
    """The list that somebody came from."""

    @property
    def path(self) -> str:
        """The page's own, for forms."""
        return session_path(self.session_id)

    def page(self, *, step: UUID | None = None) -> str:
        """The page as it is, with this step opened or with none."""
        return self._with(step=step)

    def begin(self, start: UUID | None = None) -> str:
        """The page from another step on."""
        return msgspec.structs.replace(self, start=start).page()

    def showing(self, show: Show) -> str:
        """The page with steps of this kind."""
        return msgspec.structs.replace(self, show=show, start=None).page()

    def cleared(self) -> str:
        """The page without search and kind."""
        return msgspec.structs.replace(self, text="", show=Show.ALL, start=None).page() or self.path

    def step(self, id_: UUID) -> str:
        """The details of a step, to be shown beside the timeline."""
        return session_path(self.session_id, f"steps/{id_}") + self._with(start=None)

    def rows(self, gap: Gap) -> str:
        """What the gap stands for."""
        ends = {"first": gap.first, "last": gap.last, "thread": gap.thread, "before": "1" if gap.before else None}
        return session_path(self.session_id, "rows") + self._with(**ends, start=None)

    def carried(self) -> list[tuple[str, str]]:
        """What the form of the search carries on."""
        show = None if self.show is Show.ALL else self.show
        state = {"initiator": self.initiator, "show": show, PARAMETER: self.listed.state}
        return [(name, str(value)) for name, value in state.items() if value]

    def failure(self) -> str:
        """Which failure follows a step; the script adds which."""
        return session_path(self.session_id, "next-failure") + self._with(start=None)

    def beside(self) -> dict[Way, str]:
        """The neighbours in the list that somebody came from."""
        initiator = str(self.initiator) if self.initiator else None
        return {way: self.listed.to(session_path(self.session_id, way), initiator=initiator) for way in WAYS}

    def export(self, kind: str) -> str:
        """All of the session as a file: `json` or `md`."""
        return session_path(self.session_id, f"export.{kind}", initiator=self.initiator)

    def _with(self, **more: object) -> str:
        state: dict[str, object] = {
            "initiator": self.initiator,
            "q": self.text,
            "show": None if self.show is Show.ALL else self.show,
            "from": self.start,
            PARAMETER: self.listed.state,
        }
        if "start" in more:
            state["from"] = more.pop("start")
        return "?" + urlencode({name: str(value) for name, value in (state | more).items() if value})
