"""A session in a few figures, and whether it goes on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from aibridge.store.timeline import ReadTimeline
from aibridge.web.session.axis import Axis
from aibridge.web.session.tree import Cost, Row, Thread, cost_of
from aibridge.web.tool_shown import tool_name

ACTIVE = timedelta(minutes=2)
"""Since the end of the last request: longer than most tools take, shorter than a pause for thought."""

LONG = timedelta(minutes=5)
"""A pause between two threads that is worth a line."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the head of the page says."""

    lasts: timedelta
    active: timedelta
    """Without long idle times."""
    threads: int
    """What people asked for; subagents count apart. One where there is nothing but a subagent, as the list has it."""
    subagents: int
    """Each once, however often it was told more or asked again after a failure."""
    steps: int
    failed: int
    """Steps."""
    with_thoughts: int
    calling: int
    """Steps that call tools."""
    tool_calls: int
    failed_calls: int
    most_called: str
    """The tool that is called first most often; empty: none."""
    tokens: int
    """Of all kinds."""
    output: int
    cache_share: float | None
    """Part of what was sent to models that they had in their caches; None: nothing was sent."""
    cache_written: int
    cost: Cost

    @property
    def cost_per_thread(self) -> int | None:
        """Micro-dollars for what one prompt set off; None: not all is known."""
        known = self.cost.micros is not None and not self.cost.unpriced and self.threads
        return (self.cost.micros or 0) // self.threads if known else None


def figures_of(read: ReadTimeline, threads: Sequence[Thread], axis: Axis) -> Figures:
    """The figures. `threads`: those at the top."""
    rows = [row for thread in threads for row in thread.all_rows]
    spent = read.session.token_usage_summary
    sent = spent.input_tokens + spent.cache_read_input_tokens + spent.cache_write_input_tokens
    called = Counter(row.step.tool for row in rows if row.step.tool)
    return Figures(
        lasts=max(timedelta(), read.session.ended_at - read.session.started_at),
        active=axis.busy,
        threads=max(sum(not thread.subagent for thread in threads), min(len(threads), 1)),
        subagents=len({thread.agent_id or thread.id for thread in read.threads if thread.subagent}),
        steps=len(rows),
        failed=sum(row.failed for row in rows),
        with_thoughts=sum(row.step.thoughts > 0 for row in rows),
        calling=sum(row.step.tool_calls > 0 for row in rows),
        tool_calls=sum(row.step.tool_calls for row in rows),
        failed_calls=sum(row.step.failed_calls for row in rows),
        most_called=" ".join(tool_name(called.most_common(1)[0][0])).strip() if called else "",
        tokens=sent + spent.output_tokens,
        output=spent.output_tokens,
        cache_share=spent.cache_read_input_tokens / sent if sent else None,
        cache_written=spent.cache_write_input_tokens,
        cost=cost_of(rows),
    )


def axis_of(rows: Sequence[Row]) -> Axis:
    """The time in which models were at work."""
    return Axis((row.step.started_at, row.step.started_at + row.model_time) for row in rows)


def is_active(read: ReadTimeline, now: datetime) -> bool:
    """Something is under way, or was just now. That it ended for good cannot be known."""
    return read.in_flight > 0 or now - read.session.ended_at < ACTIVE


def pauses(threads: Sequence[Thread]) -> dict[UUID, timedelta]:
    """How long nothing happened before a thread, where that was long."""
    found: dict[UUID, timedelta] = {}
    ended_at = threads[0].ended_at if threads else None
    for thread in threads:
        if ended_at is not None and thread.started_at - ended_at > LONG:
            found[thread.id] = thread.started_at - ended_at
        ended_at = max(ended_at or thread.ended_at, thread.ended_at)
    return found
