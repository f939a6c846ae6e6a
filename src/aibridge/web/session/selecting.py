"""Which steps of a session are shown: all, those of one kind, those that a search found."""

from collections.abc import Container, Sequence
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from aibridge.web.session.tree import Row, Thread


class Show(StrEnum):
    """What kind of steps."""

    ALL = "all"
    TOOLS = "tools"
    THOUGHTS = "thoughts"
    ERRORS = "errors"


def is_kind(row: Row, show: Show) -> bool:
    """Whether a step is of this kind."""
    match show:
        case Show.ALL:
            return True
        case Show.TOOLS:
            return row.step.tool_calls > 0
        case Show.THOUGHTS:
            return row.step.thoughts > 0
        case Show.ERRORS:
            return row.failed
        case _:
            assert_never(show)


class Selection:
    """The steps that are shown: those that match, and those that are needed to reach one."""

    def __init__(
        self,
        threads: Sequence[Thread],
        show: Show,
        found: Container[UUID] | None,
        *,
        only: Container[UUID] | None = None,
    ) -> None:
        """`found`: the ids that a search found; None: nothing is searched for. `only`: no others are of interest."""
        self.narrows = show is not Show.ALL or found is not None
        self._show, self._found, self._only = show, found, only
        self._sizes: dict[UUID, int] = {}
        self._matching: set[UUID] = set()
        for thread in threads:
            for row in reversed(thread.all_rows):  # what is below a step comes before it
                self._sizes[row.id] = self._size(row)

    def _size(self, row: Row) -> int:
        matches = (
            is_kind(row, self._show)
            and (self._found is None or row.id in self._found)
            and (self._only is None or row.id in self._only)
        )
        if matches:
            self._matching.add(row.id)
        below = sum(map(self.of, row.agents)) if row.agents else 0
        return below + 1 if matches or below else 0

    @property
    def matches(self) -> int:
        """How many steps match."""
        return len(self._matching)

    def hits(self, row: Row) -> bool:
        """Whether a step is shown because it matches, while others are not."""
        return self.narrows and row.id in self._matching

    def size(self, row: Row) -> int:
        """Rows that are shown of a step with all that is below it; none when it is not shown."""
        return self._sizes[row.id]

    def of(self, thread: Thread) -> int:
        """The same of a thread."""
        return sum(self._sizes[row.id] for row in thread.rows)
