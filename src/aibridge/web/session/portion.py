"""A portion of the timeline: so many rows from somewhere on, and gaps that stand for what lies before and behind.

Rows are counted in the order in which they stand, what lies below a step right behind it. A gap names its first and
last step or thread, so that it stands for the same also after the session has grown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias, TypeVar
from uuid import UUID

from aibridge.web.session.selecting import Selection
from aibridge.web.session.tree import Row, Thread, walked

PORTION = 500
"""Rows in the first HTML, and in each portion that follows."""
ABOVE = 100
"""Rows before the step that a link names."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Rows of one thread, or whole threads, that are not here yet."""

    kind: ClassVar = "gap"

    thread: UUID | None
    """None: threads at the top."""
    first: UUID
    last: UUID
    before: bool
    """It lies before what is shown, and is filled from its end."""
    rows: int
    start: UUID
    """The step from which on a page shows the nearest part of it."""
    begins: datetime
    """When its first unit began, and its last: what begins between them comes with it."""
    ends: datetime

    @property
    def next(self) -> int:
        """Rows of it that come at once."""
        return min(self.rows, PORTION)


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A step with the subagents below it."""

    kind: ClassVar = "leaf"

    row: Row
    agents: "list[Branch]"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Side requests in a row, folded."""

    kind: ClassVar = "sides"

    rows: list[Row]


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A thread with what is shown of it."""

    kind: ClassVar = "branch"

    thread: Thread
    items: "list[Item]"


Item: TypeAlias = Leaf | Sides | Gap
_Unit = TypeVar("_Unit", Row, Thread)


class Portion:
    """The rows of a selection from `first` to before `last`, counted from 0."""

    def __init__(self, selection: Selection, first: int = 0, last: int = PORTION) -> None:
        self._selection = selection
        self._first, self._last = first, last
        self._count = 0

    def threads(self, threads: Sequence[Thread]) -> list[Branch | Gap]:
        """Of these threads at the top."""
        shown: list[Branch | Gap] = []
        for hidden, thread in self._parted(threads, self._selection.of):
            if hidden:
                shown.append(self._gap(None, hidden, [row for each in hidden for row in each.rows]))
            if thread is not None:
                shown.append(self._branch(thread))
        return shown

    def rows(self, rows: Sequence[Row], thread: Thread) -> list[Item]:
        """Of these rows of a thread."""
        shown: list[Item] = []
        for hidden, row in self._parted(rows, self._selection.size):
            if hidden:
                shown.append(self._gap(thread.id, hidden, hidden))
            if row is not None:
                self._count += 1
                self._put(row, shown)
        return shown

    def _branch(self, thread: Thread) -> Branch:
        return Branch(thread=thread, items=self.rows(thread.rows, thread))

    def _put(self, row: Row, shown: list[Item]) -> None:
        if not row.step.side_request:
            agents = [self._branch(agent) for agent in row.agents if self._selection.of(agent)]
            shown.append(Leaf(row=row, agents=agents))
        elif shown and isinstance(shown[-1], Sides):
            shown[-1].rows.append(row)
        else:
            shown.append(Sides(rows=[row]))

    def _parted(
        self, units: Sequence[_Unit], size: Callable[[_Unit], int]
    ) -> Iterator[tuple[list[_Unit], _Unit | None]]:
        """What is shown of these, each with those before it that are not; at the end the rest."""
        hidden: list[_Unit] = []
        for unit in units:
            rows = size(unit)
            if not rows:
                continue
            if self._count + rows <= self._first or self._count >= self._last:
                hidden.append(unit)
                self._count += rows
            else:
                yield hidden, unit
                hidden = []
        if hidden:
            yield hidden, None

    def _gap(self, thread: UUID | None, units: Sequence[Row | Thread], rows: Sequence[Row]) -> Gap:
        standing = in_order(self._selection, rows)
        before = self._count <= self._first
        return Gap(
            thread=thread,
            first=units[0].id,
            last=units[-1].id,
            before=before,
            rows=len(standing),
            start=standing[-PORTION:][0].id if before else standing[0].id,
            begins=_begins(units[0]),
            ends=_begins(units[-1]),
        )


def rows_in(items: Sequence[Branch | Item]) -> Iterator[Row]:
    """The rows that are shown of these."""
    for item in items:
        if isinstance(item, Branch):
            yield from rows_in(item.items)
        elif isinstance(item, Leaf):
            yield item.row
            yield from rows_in(item.agents)
        elif isinstance(item, Sides):
            yield from item.rows


def _begins(unit: Row | Thread) -> datetime:
    return (unit if isinstance(unit, Row) else unit.rows[0]).step.started_at


def in_order(selection: Selection, rows: Sequence[Row]) -> list[Row]:
    """Of these rows and all below them those that are shown, in the order in which they stand."""
    return [row for row in walked(rows) if selection.size(row)]


def portion_around(selection: Selection, threads: Sequence[Thread], start: UUID | None, step: UUID | None) -> Portion:
    """The portion that a link asks for: from the step `start` on, else with the step `step` in it, else the first."""
    order = [row.id for row in in_order(selection, [row for thread in threads for row in thread.rows])]
    if start in order:
        first = order.index(start)
    elif step in order:
        at = order.index(step)
        first = at - ABOVE if at >= PORTION else 0
    else:
        first = 0
    return Portion(selection, first, first + PORTION)


def within(units: Sequence[_Unit], first: UUID, last: UUID) -> Sequence[_Unit]:
    """Those from `first` to `last`; from the beginning, or to the end, where one of them is gone."""
    ids = [unit.id for unit in units]
    start = ids.index(first) if first in ids else 0
    end = ids.index(last) + 1 if last in ids else len(ids)
    return units[start:end]
