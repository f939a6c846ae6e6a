"""How a session is read: every thread in time, each subagent's under the step whose call started it. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from uuid import UUID

import msgspec

from aibridge.store.session_outline import ThreadOutline


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Some steps of one thread, in a row."""

    number: int
    """Of the thread, from 1, in the order in which their first sections come."""
    thread: ThreadOutline
    parent: int | None
    """The number of the thread in which this one was started; None: by a person, or not known."""
    depth: int
    """How many subagents it is nested in."""
    first: bool
    """The thread begins here; else it goes on."""
    steps: Sequence[tuple[UUID, int]]
    """Each with about how many bytes it takes."""
    place: int
    """How many steps of the thread came before."""


class _Reading:
    """A thread that is read, as far as it is."""

    def __init__(self, thread: ThreadOutline, parent: "_Reading | None") -> None:
        self.thread = thread
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.number = 0
        """0: not begun."""
        self.done = 0
        """Steps."""


def sections(threads: Sequence[ThreadOutline]) -> Iterator[Section]:
    """All steps of all threads, each once."""
    started: dict[UUID, list[ThreadOutline]] = {}
    for thread in threads:
        if thread.started_by is not None:
            started.setdefault(thread.started_by.interception_id, []).append(thread)
    met: set[UUID] = set()
    numbers = count(1)
    roots = [thread for thread in threads if thread.started_by is None]
    for root in [*roots, *threads]:  # threads that a client says have started each other come behind the others
        if root.id not in met:
            yield from _from(root, started, met, numbers)


def _from(
    root: ThreadOutline, started: Mapping[UUID, Sequence[ThreadOutline]], met: set[UUID], numbers: Iterator[int]
) -> Iterator[Section]:
    """A thread and those below it. Not recursive: a client may claim any depth."""
    met.add(root.id)
    waiting = [_Reading(root, None)]
    while waiting:
        one = waiting.pop()
        one.number = one.number or next(numbers)
        steps, children = _until_a_start(one.thread.steps[one.done :], started, met)
        yield Section(
            number=one.number,
            thread=one.thread,
            parent=one.parent.number if one.parent else None,
            depth=one.depth,
            first=one.done == 0,
            steps=steps,
            place=one.done,
        )
        one.done += len(steps)
        if one.done < len(one.thread.steps):
            waiting.append(one)
        met.update(child.id for child in children)
        waiting += [_Reading(child, one) for child in reversed(children)]


def _until_a_start(
    steps: Sequence[tuple[UUID, int]], started: Mapping[UUID, Sequence[ThreadOutline]], met: set[UUID]
) -> tuple[Sequence[tuple[UUID, int]], list[ThreadOutline]]:
    """The steps up to the first that started threads, and these."""
    for place, (id_, _) in enumerate(steps, 1):
        children = [child for child in started.get(id_, ()) if child.id not in met]
        if children:
            return steps[:place], children
    return steps, []
