"""A step as the inspector shows it: its times, what came before and after, and all that is on record of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from markupsafe import Markup

from aibridge.store.reading import ReadInterception
from aibridge.store.step_place import StepPlace
from aibridge.web.large import large
from aibridge.web.requests.detail import Detail, Item, detail
from aibridge.web.session.tree import FAILURES
from aibridge.web.session.wording import problem_of

NOTHING = timedelta()


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came back for a tool call."""

    item: Item
    call_id: str
    failed: bool


@dataclass(frozen=True, kw_only=True)
class OpenStep:
    """One step in full."""

    id: UUID
    number: int
    steps: int
    previous_id: UUID | None
    next_id: UUID | None
    model_time: timedelta
    wait: timedelta
    first_byte: timedelta | None
    failed: bool
    answered: bool
    problem: str
    detail: Detail
    answers: Sequence[Item]
    """What the model said, where answers are kept."""
    results: Sequence[Result]
    """What the request brought back for earlier calls, where results are kept."""

    @property
    def bar(self) -> Markup:
        """The model's time and the tools', with a mark at the first byte."""
        whole = (self.model_time + self.wait) / timedelta(seconds=1) or 1
        model = 100 * self.model_time.total_seconds() / whole
        mark = ""
        if self.first_byte is not None and self.first_byte <= self.model_time:
            at = 100 * self.first_byte.total_seconds() / whole
            mark = Markup('<rect class="f-first" x="{:.2f}%" width="2" height="8"/>').format(at)
        return Markup(
            '<svg aria-hidden="true"><rect class="{}" width="{:.2f}%" height="8"/>'
            '<rect class="f-c5" x="{:.2f}%" width="{:.2f}%" height="8"/>{}</svg>'
        ).format("f-err" if self.failed else "f-c0", model, model, 100 - model if self.wait else 0, mark)


def opened(found: ReadInterception, place: StepPlace) -> OpenStep:
    """What is shown of it."""
    model_time = max(NOTHING, found.ended_at - found.started_at)
    wait = NOTHING
    if place.went_on_at is not None and found.tool_usages:
        wait = max(NOTHING, place.went_on_at - max(found.ended_at, found.started_at))
    first = found.time_to_first_byte_us
    return OpenStep(
        id=found.id,
        number=place.number,
        steps=place.steps,
        previous_id=place.previous_id,
        next_id=place.next_id,
        model_time=model_time,
        wait=wait,
        first_byte=None if first is None else timedelta(microseconds=first),
        failed=found.outcome in FAILURES or any(call.invocation_error for call in found.tool_usages),
        answered=found.outcome == "completed" and not found.tool_usages and not found.side_request,
        problem=problem_of(found.outcome, found.error_type, found.error_message),
        detail=detail(found),
        answers=[Item(id=each.id, source="", told=large(each.content)) for each in found.model_answers],
        results=[
            Result(
                item=Item(id=each.id, source="", told=large(each.content)),
                call_id=each.provider_tool_call_id,
                failed=bool(each.is_error),
            )
            for each in found.tool_results
        ],
    )
