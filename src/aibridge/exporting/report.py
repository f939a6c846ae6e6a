"""A session as a report in Markdown, written while it is read.

Whatever comes from the record is put into code (see `inert`); every other word is ours.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from aibridge.exporting.inert import span
from aibridge.exporting.report_steps import step_lines
from aibridge.exporting.sections import Section, sections
from aibridge.exporting.words import clock, cost, counted, duration, moment, tokens
from aibridge.store.exports import SessionExport
from aibridge.store.session_outline import SessionOutline

_MOST_TOOLS = 12
"""Named in the head."""


async def report(session: SessionExport, now: datetime) -> AsyncGenerator[bytes, None]:
    """The head, an outline of the threads with their prompts, then every step in the order in which it is read."""
    order = list(sections(session.outline.threads))
    started = _started(order)
    yield _text([*_head(session.outline, now), *_outline(order)])
    removed = 0
    steps = session.steps([step for section in order for step in section.steps])
    for section in order:
        yield _text(_opening(section))
        for place in range(section.place, section.place + len(section.steps)):
            label, step = f"{section.number}.{place + 1}", await anext(steps)
            if isinstance(step, UUID):
                removed += 1
                yield _text([f"#### Step {label}", "", "*Removed from the record while this report was made.*", ""])
            else:
                yield _text(step_lines(step, label, started.get(step.id, {})))
    yield _text(_end(session.outline, removed))


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


# ------------------------------------------------------------------ the head


def _head(outline: SessionOutline, now: datetime) -> list[str]:
    head = outline.head
    steps = counted(head.interceptions, "step", "steps")
    facts = {
        "Who": f"{span(head.initiator.name or head.initiator.username)} ({span(head.initiator.username)})",
        "When": f"{moment(head.started_at)} to {moment(head.ended_at)}, {duration(head.ended_at - head.started_at)}",
        "Client": span(head.client),
        "Models": _spans(head.models),
        "Providers": _spans(head.provider_names),
        "Came to": f"{counted(len(outline.threads), 'thread', 'threads')}, {steps}",
        "Tools": _tools(outline),
        "Failures": f"{head.failures:,}",
        "Tokens": tokens(outline.token_usage_summary),
        "Cost": cost(head.cost_micros, head.unpriced),
        "Session": span(head.id, most=256),
        "Exported": moment(now),
    }
    return ["# Session report", "", *(f"- **{name}:** {value}" for name, value in facts.items()), ""]


def _spans(texts: Sequence[str]) -> str:
    return ", ".join(map(span, texts)) or "none"


def _tools(outline: SessionOutline) -> str:
    if not outline.tools:
        return "none called"
    named = [f"{span(tool)} ({calls:,})" for tool, calls in outline.tools[:_MOST_TOOLS]]
    more = [f"{len(outline.tools) - _MOST_TOOLS}+ others"] if len(outline.tools) > _MOST_TOOLS else []
    return f"{counted(outline.head.tool_calls, 'call', 'calls')}: {', '.join([*named, *more])}"


# ------------------------------------------------------------------ the outline


def _outline(order: Sequence[Section]) -> Iterator[str]:
    yield from ("## Threads", "")
    for section in order:
        if section.first:
            yield f"{'  ' * min(section.depth, 8)}- {_line(section)}"
    yield ""


def _line(section: Section) -> str:
    thread = section.thread
    parts = [
        f"[Thread {section.number}](#thread-{section.number})",
        *(["subagent"] if thread.subagent else []),
        clock(thread.started_at),
        counted(thread.interceptions, "step", "steps"),
        counted(thread.tool_calls, "call", "calls"),
        *([counted(thread.failures, "failure", "failures")] if thread.failures else []),
    ]
    asked = span(thread.prompt) if thread.prompt else "no prompt on record"
    return f"{' · '.join(parts)}: {asked}"


# ------------------------------------------------------------------ the threads


def _opening(section: Section) -> list[str]:
    thread, number = section.thread, section.number
    if not section.first:
        return [f"## Thread {number} goes on", ""]
    lines = [f"## Thread {number}", ""]
    if thread.subagent:
        lines += [_origin(section), ""]
    spent = f"{tokens(thread.token_usage)}; {cost(thread.cost_micros, thread.unpriced)}"
    length = duration(thread.ended_at - thread.started_at)
    return [*lines, f"{moment(thread.started_at)}, {length} · {spent}", ""]


def _origin(section: Section) -> str:
    by = section.thread.started_by
    agent = f" {span(section.thread.agent_id)}" if section.thread.agent_id else ""
    if by is None or section.parent is None:
        return f"A subagent{agent}; which call started it is not known."
    sure = "as the client says" if by.certainty == "declared" else "inferred from texts and order"
    tool = f" by {span(by.tool)}" if by.tool else ""
    return f"A subagent{agent}, started{tool} in thread {section.parent} just above ({sure})."


def _started(order: Sequence[Section]) -> dict[UUID, dict[UUID | None, list[int]]]:
    """The numbers of the threads that each step started, by its calls."""
    found: dict[UUID, dict[UUID | None, list[int]]] = {}
    for section in order:
        by = section.thread.started_by
        if section.first and by is not None:
            found.setdefault(by.interception_id, {}).setdefault(by.tool_usage_id, []).append(section.number)
    return found


def _end(outline: SessionOutline, removed: int) -> list[str]:
    steps = sum(len(thread.steps) for thread in outline.threads)
    gone = f" {counted(removed, 'step was', 'steps were')} removed from the record meanwhile." if removed else ""
    return ["---", "", f"*End of the report: {counted(steps, 'step', 'steps')}.{gone}*"]
