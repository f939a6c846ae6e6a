"""A step as the inspector shows it: its times, what came before and after, and all that is on record of it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from markupsafe import Markup

from aibridge.store.exchanged import Exchanged
from aibridge.store.interceptions import ReadInterception
from aibridge.store.step_place import StepPlace
from aibridge.web.requests.detail import Detail, detail
from aibridge.web.session.tree import FAILURES
from aibridge.web.session.wording import problem_of
from aibridge.web.shapes import Shape

NOTHING = timedelta()


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
    broke: bool
    """The request itself failed, not only what its tools did."""
    failed: bool
    answered: bool
    problem: str
    detail: Detail

    @property
    def bar(self) -> Markup:
        """The model's time and the tools', with a mark at the first byte."""
        whole = (self.model_time + self.wait) / timedelta(seconds=1) or 1
        model = 100 * self.model_time.total_seconds() / whole
        mark = ""
        if self.first_byte is not None and self.first_byte <= self.model_time:
            at = 100 * self.first_byte.total_seconds() / whole
            mark = Shape('<rect class="f-first" x="{:.2f}%" width="2" height="8"/>').format(at)
        return Shape(
            '<svg aria-hidden="true"><rect class="{}" width="{:.2f}%" height="8"/>'
            '<rect class="f-c5" x="{:.2f}%" width="{:.2f}%" height="8"/>{}</svg>'
        ).format("f-err" if self.broke else "f-c0", model, model, 100 - model if self.wait else 0, mark)


def opened(found: ReadInterception, exchanged: Exchanged, place: StepPlace) -> OpenStep:
    """What is shown of it."""
    model_time = max(NOTHING, found.ended_at - found.started_at)
    wait = NOTHING
    if place.went_on_at is not None and found.tool_usages:
        wait = max(NOTHING, place.went_on_at - max(found.ended_at, found.started_at))
    first, shown = found.time_to_first_byte_us, detail(found, exchanged)
    return OpenStep(
        id=found.id,
        number=place.number,
        steps=place.steps,
        previous_id=place.previous_id,
        next_id=place.next_id,
        model_time=model_time,
        wait=wait,
        first_byte=None if first is None else timedelta(microseconds=first),
        broke=found.outcome in FAILURES,
        failed=found.outcome in FAILURES or any(call.failed for call in shown.calls),
        answered=found.outcome == "completed" and not found.tool_usages and not found.side_request,
        problem=problem_of(found.outcome, found.error_type, found.error_message),
        detail=shown,
    )
