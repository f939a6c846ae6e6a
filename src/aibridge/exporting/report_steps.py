"""One step of a session in a report: what was asked, thought, called and answered in it, and what it came to."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from aibridge.exporting.inert import arguments, block, span
from aibridge.exporting.words import clock, dollars, duration, tokens
from aibridge.store.steps import ReadToolUsage, Step

_QUOTE = "> "

Started = Mapping[UUID | None, Sequence[int]]
"""The numbers of the threads that a step's calls started; None: it is not known which call."""


def step_lines(step: Step, label: str, started: Started) -> list[str]:
    """The lines of one step; `label`: such as `2.14`, the 14th step of thread 2."""
    return [*_head(step, label), *_failure(step), *_before(step), *_calls(step, started), *_after(step)]


def _head(step: Step, label: str) -> Iterator[str]:
    side = " · side request" if step.side_request else ""
    yield f"#### Step {label} · {clock(step.started_at)} · {step.outcome}{side}"
    yield ""
    spent = tokens(step.token_usage)
    price = "unpriced" if step.unpriced else dollars(step.cost_micros) if step.cost_micros is not None else "no cost"
    yield f"{span(step.model)} · {duration(step.ended_at - step.started_at)} · {spent} · {price}"
    yield ""


def _failure(step: Step) -> Iterator[str]:
    if step.error_type or step.error_message:
        status = f", status {step.status_code}" if step.status_code is not None else ""
        yield from (f"**Error** ({step.error_type or 'unknown'}{status}):", "", block(step.error_message or ""), "")


def _before(step: Step) -> Iterator[str]:
    """What the model was given."""
    for result in step.tool_results:
        failed = ", an error" if result.is_error else ""
        yield from (f"**Result** of {span(result.provider_tool_call_id)}{failed}:", "", block(result.content), "")
    if step.prompt is not None:
        yield from ("**Asked:**", "", block(step.prompt), "")


def _calls(step: Step, started: Started) -> Iterator[str]:
    for thought in step.thinking:
        yield from (f"{_QUOTE}**Thought** ({span(thought.source)}):", _QUOTE.strip())
        yield from (block(thought.text, prefix=_QUOTE), "")
    for call in step.tool_calls:
        yield from _call(call)
        yield from _went_on(started.get(call.id, ()))
    yield from _went_on(started.get(None, ()))


def _call(call: ReadToolUsage) -> Iterator[str]:
    where = f" at {span(call.server_url)}" if call.server_url else ""
    yield from (f"**Called** {span(call.tool)}{where}:", "", arguments(call.input), "")
    if call.invocation_error:
        yield from ("**The call failed:**", "", block(call.invocation_error), "")


def _went_on(numbers: Sequence[int]) -> Iterator[str]:
    for number in numbers:
        yield from (f"Started the subagent of [thread {number}](#thread-{number}).", "")


def _after(step: Step) -> Iterator[str]:
    for answer in step.model_answers:
        yield from ("**Answered:**", "", block(answer.content), "")
