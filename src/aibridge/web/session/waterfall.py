"""A step within its thread, as a bar: first the model's time, then that of its tools."""

from datetime import datetime

from markupsafe import Markup

from aibridge.web.session.tree import Row
from aibridge.web.shapes import Shape


def waterfall(row: Row, start: datetime, end: datetime) -> Markup:
    """The bar. `start` and `end` are those of the thread."""
    whole = (end - start).total_seconds() or 1.0
    at = 100 * (row.step.started_at - start).total_seconds() / whole
    model = 100 * row.model_time.total_seconds() / whole
    wait = 100 * row.wait.total_seconds() / whole
    tools = ""
    if wait > 0:
        tools = Shape('<rect class="m-wait" x="{:.2f}%" y="5" width="{:.2f}%" height="6" rx="1"/>').format(
            at + model, wait
        )
    return Shape(
        '<svg class="fall" aria-hidden="true">{}<rect class="{}" x="{:.2f}%" y="3" width="{:.2f}%" height="10" rx="2"/>'
        "</svg>"
    ).format(tools, "m-err" if row.failed else "m-model", min(at, 98.8), max(model, 1.2))
