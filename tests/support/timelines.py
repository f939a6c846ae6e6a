"""Sessions as the store reads them for a timeline, made by hand."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from aibridge.store.origins import StartedBy
from aibridge.store.people_shown import Person
from aibridge.store.session_shown import ReadSession
from aibridge.store.timeline import ReadTimeline, TimelineStep, TimelineThread
from aibridge.store.token_sums import TokenSums
from support.rows import NOON, at

ALICE = Person(id=UUID(int=1), username="alice", name="Alice", avatar_url="")


def step(number: int, **changes: Any) -> TimelineStep:
    """A step of one second that starts so many seconds after noon and calls a tool; its id is its number."""
    fields: dict[str, Any] = {
        "id": UUID(int=number),
        "started_at": at(number),
        "ended_at": at(number) + timedelta(seconds=1),
        "outcome": "completed",
        "model": "claude-test",
        "side_request": False,
        "tool_calls": 1,
        "tool": "Bash",
        "thoughts": 0,
        "failed_calls": 0,
        "unpriced": False,
    }
    nothing: dict[str, Any] = dict.fromkeys(TimelineStep.__struct_fields__)
    return TimelineStep(**nothing | fields | changes)


def thread(steps: Sequence[TimelineStep], *, by: int | None = None, subagent: bool = False) -> TimelineThread:
    """A thread of these; `by`: the number of the step whose call started it as a subagent's."""
    started_by = by and StartedBy(
        thread_id=UUID(int=0),
        interception_id=UUID(int=by),
        tool_usage_id=UUID(int=by),
        tool="Task",
        certainty="inferred",
    )
    return TimelineThread(
        id=steps[0].id,
        agent_id=None,
        subagent=subagent or by is not None,
        started_by=started_by or None,
        call='{"description":"Look around","subagent_type":"Explore"}' if by else None,
        steps=list(steps),
    )


def timeline(*threads: TimelineThread, **changes: Any) -> ReadTimeline:
    """A session of these threads."""
    session: dict[str, Any] = {
        "id": "s",
        "initiator": ALICE,
        "client": "Claude Code",
        "metadata": {},
        "started_at": NOON,
        "ended_at": NOON,
        "last_active_at": NOON,
        "token_usage_summary": TokenSums(
            input_tokens=0, output_tokens=0, cache_read_input_tokens=0, cache_write_input_tokens=0
        ),
        "providers": [],
        "provider_names": [],
        "models": [],
    }
    rest: dict[str, Any] = dict.fromkeys(ReadSession.__struct_fields__, 0) | {"first_prompt": None, "last_prompt": None}
    return ReadTimeline(session=ReadSession(**rest | session | changes), in_flight=0, threads=list(threads))
