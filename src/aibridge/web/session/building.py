"""Builds the tree of a session from what the store read."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from aibridge.store.timeline import ReadTimeline, TimelineThread
from aibridge.web.session.tree import FAILURES, NOTHING, Row, Thread

DEEPEST = 6
"""Levels of subagents that are drawn inside each other; what lies deeper stands on the last of them."""


def tree_of(read: ReadTimeline) -> list[Thread]:
    """The threads that stand at the top: what people asked, and subagents of which nobody knows who started them."""
    numbers = _numbered(read.threads)
    rows = {thread.id: _rows(thread, numbers) for thread in read.threads}
    by_step = {row.id: row for thread in rows.values() for row in thread}
    top: list[Thread] = []
    places = _Places()
    count = 0
    asked_before: Thread | None = None
    for thread in sorted(read.threads, key=lambda each: rows[each.id][0].number):
        count += not thread.subagent
        made = _thread(thread, rows[thread.id], None if thread.subagent else count)
        if not thread.subagent:
            made, asked_before = _after(made, asked_before), made
        host = by_step.get(thread.started_by.interception_id) if thread.started_by is not None else None
        if host is None:
            top.append(made)
        else:
            places.put(made, host)
    return top


class _Places:
    """How deep each step of a subagent lies, and below which."""

    def __init__(self) -> None:
        self._depth: dict[UUID, int] = {}
        self._above: dict[UUID, Row] = {}

    def put(self, thread: Thread, host: Row) -> None:
        """Hang a subagent's thread below the step that started it, or the nearest above that is not too deep."""
        while self._depth.get(host.id, 0) >= DEEPEST:
            host = self._above[host.id]
        host.agents.append(thread)
        depth = self._depth.get(host.id, 0) + 1
        for row in thread.rows:
            self._depth[row.id], self._above[row.id] = depth, host


def _numbered(threads: Sequence[TimelineThread]) -> Mapping[UUID, int]:
    steps = sorted((step for thread in threads for step in thread.steps), key=lambda step: (step.started_at, step.id))
    return {step.id: number for number, step in enumerate(steps, 1)}


def _rows(thread: TimelineThread, numbers: Mapping[UUID, int]) -> list[Row]:
    waits: dict[UUID, timedelta] = defaultdict(timedelta)
    own = [step for step in thread.steps if not step.side_request]
    for step, following in pairwise(own):
        if step.tool_calls:
            waits[step.id] = max(NOTHING, following.started_at - max(step.ended_at, step.started_at))
    return [
        Row(
            step=step,
            number=numbers[step.id],
            wait=waits[step.id],
            agents=[],
            steered=bool(step.prompt) and step.id != thread.id,
        )
        for step in thread.steps
    ]


def _after(thread: Thread, before: Thread | None) -> Thread:
    """The thread, marked where it asks again what failed right before."""
    again = before is not None and _prompt(thread) == _prompt(before) != "" and _failed(before)
    return replace(thread, again=True) if again else thread


def _prompt(thread: Thread) -> str:
    """What was asked first, as far as it was read; empty: that is not known."""
    return next((row.step.prompt for row in thread.rows if row.step.prompt), "")


def _failed(thread: Thread) -> bool:
    own = [row.step for row in thread.rows if not row.step.side_request]
    return bool(own) and own[-1].outcome in FAILURES


def _thread(read: TimelineThread, rows: list[Row], number: int | None) -> Thread:
    name, what = agent_name(read.call) if read.subagent else ("", "")
    prompts = [row.step.prompt for row in rows if row.step.prompt is not None]
    untold = "Prompt not kept" if prompts else "No prompt on record"
    return Thread(
        id=read.id,
        number=number,
        title=what or next(filter(None, prompts), "" if read.subagent else untold),
        subagent=read.subagent,
        agent_name=name or "Subagent",
        certainty=read.started_by.certainty if read.started_by else None,
        rows=rows,
    )


def agent_name(call: str | None) -> tuple[str, str]:
    """What kind of agent a call starts and what for, such as Explore and "Find all callers"; empty: it does not say.

    Clients that give no description, such as Codex, tell the task itself: its first line stands for it.
    """
    try:
        arguments = json.loads(call or "")
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(arguments, dict):
        return "", ""
    names = (arguments.get(key) for key in ("subagent_type", "agent_type", "agent", "name"))
    name = next((name for name in names if isinstance(name, str)), "")
    tasks = (arguments.get(key) for key in ("description", "message", "prompt"))
    task = next((task for task in tasks if isinstance(task, str)), "")
    return name[:60], next(filter(None, map(str.strip, task.splitlines())), "")[:200]
