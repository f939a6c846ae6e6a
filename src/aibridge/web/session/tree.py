"""The steps of a session as a tree: threads, their steps, and below a step the subagents that its calls started."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Literal
from uuid import UUID

from aibridge.store.timeline import ReadTimeline, TimelineStep, TimelineThread

FAILURES = frozenset({"failed", "truncated", "interrupted"})
"""Outcomes that count as failures; who cancels has not failed."""
DEEPEST = 6
"""Levels of subagents that are drawn inside each other; what lies deeper stands on the last of them."""

NOTHING = timedelta()


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A step with its place."""

    step: TimelineStep
    number: int
    """From 1, by time, over the whole session."""
    wait: timedelta
    """Until the thread's next request: the time of the tools, and of whoever had to allow them. Nothing when it called
    none or when nothing followed."""
    agents: "list[Thread]"
    """What its calls started."""

    @property
    def id(self) -> UUID:
        """Of the step."""
        return self.step.id

    @property
    def model_time(self) -> timedelta:
        """From the request's arrival to the end of its answer. What another clock has ended may seem to end before."""
        return max(NOTHING, self.step.ended_at - self.step.started_at)

    @property
    def ended_at(self) -> datetime:
        """With the wait."""
        return self.step.started_at + self.model_time + self.wait

    @property
    def failed(self) -> bool:
        """The request did, or a tool that the gateway called for it."""
        return self.step.outcome in FAILURES or self.step.failed_calls > 0

    @property
    def answered(self) -> bool:
        """The model said its last word: a whole answer that calls nothing."""
        return self.step.outcome == "completed" and not self.step.tool_calls and not self.step.side_request


@dataclass(frozen=True, kw_only=True, eq=False)
class Thread:
    """What a person, or an agent, asked for, with what was done about it."""

    id: UUID
    number: int | None
    """From 1 among what people asked; None for a subagent's."""
    title: str
    subagent: bool
    agent_name: str
    certainty: Literal["declared", "inferred"] | None
    """How sure it is which call started it; None for no subagent, and where it is not known."""
    rows: list[Row]

    @cached_property
    def all_rows(self) -> list[Row]:
        """With those of the subagents below."""
        return list(walked(self.rows))

    @cached_property
    def started_at(self) -> datetime:
        """The earliest of its steps."""
        return min(row.step.started_at for row in self.rows)

    @cached_property
    def ended_at(self) -> datetime:
        """When the last of its tools had its result, or the last answer ended."""
        return max(row.ended_at for row in self.all_rows)

    @cached_property
    def failures(self) -> int:
        """Failed steps, raised from the subagents below."""
        return sum(row.failed for row in self.all_rows)

    @cached_property
    def agents(self) -> "list[Thread]":
        """The subagents below, the nearest first."""
        return [agent for row in self.rows for agent in row.agents]


def walked(rows: Sequence[Row]) -> Iterator[Row]:
    """These rows in the order in which they are shown: each before what its calls started."""
    waiting = list(reversed(rows))
    while waiting:
        row = waiting.pop()
        yield row
        for agent in reversed(row.agents):
            waiting.extend(reversed(agent.rows))


def tree_of(read: ReadTimeline) -> list[Thread]:
    """The threads that stand at the top: what people asked, and subagents of which nobody knows who started them."""
    numbers = _numbered(read.threads)
    rows = {thread.id: _rows(thread, numbers) for thread in read.threads}
    by_step = {row.id: row for thread in rows.values() for row in thread}
    depth: dict[UUID, int] = {}
    above: dict[UUID, Row] = {}
    top: list[Thread] = []
    count = 0
    for thread in sorted(read.threads, key=lambda each: rows[each.id][0].number):
        started = thread.started_by
        host = by_step.get(started.interception_id) if started is not None else None
        if not thread.subagent:
            count += 1
        made = _thread(thread, rows[thread.id], None if thread.subagent else count)
        if host is None:
            top.append(made)
        else:
            while depth.get(host.id, 0) >= DEEPEST:
                host = above[host.id]
            host.agents.append(made)
            for row in made.rows:
                depth[row.id], above[row.id] = depth.get(host.id, 0) + 1, host
    return top


def _numbered(threads: Sequence[TimelineThread]) -> Mapping[UUID, int]:
    steps = sorted((step for thread in threads for step in thread.steps), key=lambda step: (step.started_at, step.id))
    return {step.id: number for number, step in enumerate(steps, 1)}


def _rows(thread: TimelineThread, numbers: Mapping[UUID, int]) -> list[Row]:
    waits: dict[UUID, timedelta] = defaultdict(timedelta)
    own = [step for step in thread.steps if not step.side_request]
    for step, following in pairwise(own):
        if step.tool_calls:
            waits[step.id] = max(NOTHING, following.started_at - max(step.ended_at, step.started_at))
    return [Row(step=step, number=numbers[step.id], wait=waits[step.id], agents=[]) for step in thread.steps]


def _thread(read: TimelineThread, rows: list[Row], number: int | None) -> Thread:
    name, what = agent_name(read.call) if read.subagent else ("", "")
    prompt = next((row.step.prompt for row in rows if row.step.prompt), None)
    return Thread(
        id=read.id,
        number=number,
        title=what or prompt or ("" if read.subagent else "No prompt on record"),
        subagent=read.subagent,
        agent_name=name or "Subagent",
        certainty=read.started_by.certainty if read.started_by else None,
        rows=rows,
    )


def agent_name(call: str | None) -> tuple[str, str]:
    """What kind of agent a call starts and what for, such as Explore and "Find all callers"; empty: it does not say."""
    try:
        arguments = json.loads(call or "")
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(arguments, dict):
        return "", ""
    names = (arguments.get(key) for key in ("subagent_type", "agent_type", "agent", "name"))
    name = next((name for name in names if isinstance(name, str)), "")
    what = arguments.get("description")
    return name[:60], what if isinstance(what, str) else ""
