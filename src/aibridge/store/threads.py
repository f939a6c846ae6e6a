"""How the interceptions of a session hang together as threads, and which of these a page holds. No I/O.

A thread is a root and what answers to it, in order of start. Its start is the root's; where the root is not on record
in this session (purged, in flight, of another session), the earliest row stands in. Side requests make no thread: each
goes to the thread with the latest start at or before its own, else to the first; alone they are one thread together.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec


class Mark(NamedTuple):
    """What is needed of an interception to tell threads: the columns of `session_marks`, in their order."""

    id: UUID
    root_id: UUID | None
    started_at: datetime
    side_request: bool
    agent_id: str | None
    parent_agent_id: str | None
    says_subagent: bool
    """The client says that a subagent asks, though maybe not which."""

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Its position in the order of everything."""
        return self.started_at, self.id


class ThreadMarks(msgspec.Struct, frozen=True, kw_only=True):
    """One thread."""

    head: Mark
    """The root, or what stands in for it; gives the thread its id, its start and its place."""
    rows: list[Mark]
    """With the head and with side requests, by (started_at, id)."""


def threads_of(marks: Sequence[Mark]) -> list[ThreadMarks]:
    """The threads of a session in order of start. `marks`: all of its ended interceptions, by (started_at, id)."""
    groups: dict[UUID, list[Mark]] = {}
    sides = []
    for mark in marks:
        if mark.side_request:
            sides.append(mark)
        else:
            groups.setdefault(mark.root_id or mark.id, []).append(mark)
    if not groups:
        return [ThreadMarks(head=sides[0], rows=sides)] if sides else []
    threads = [ThreadMarks(head=_head(root_id, rows), rows=rows) for root_id, rows in groups.items()]
    threads.sort(key=lambda thread: thread.head.place)
    _place(sides, threads)
    return threads


def _head(root_id: UUID, rows: list[Mark]) -> Mark:
    return next((row for row in rows if row.id == root_id), rows[0])


def _place(sides: list[Mark], threads: list[ThreadMarks]) -> None:
    starts = [thread.head.started_at for thread in threads]
    for side in sides:
        threads[max(0, bisect_right(starts, side.started_at) - 1)].rows.append(side)
    if sides:
        for thread in threads:
            thread.rows.sort(key=lambda row: row.place)


def page_of(
    threads: Sequence[ThreadMarks], *, limit: int, after: Mark | None = None, before: Mark | None = None
) -> Sequence[ThreadMarks]:
    """Those that start strictly after `after`, or those next to `before` that start strictly before it; ascending."""
    first = bisect_right(threads, after.place, key=_start) if after else 0
    end = bisect_left(threads, before.place, key=_start) if before else len(threads)
    if before:
        first = max(first, end - limit)
    return threads[first : min(end, first + limit)]


def _start(thread: ThreadMarks) -> tuple[datetime, UUID]:
    return thread.head.place
