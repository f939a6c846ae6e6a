"""What a session is called, and what the row of a step says."""

import msgspec

from aibridge.store.session_shown import SessionHead
from aibridge.store.step_texts import StepTexts
from aibridge.store.timeline import TimelineStep
from aibridge.web.session.tree import Row
from aibridge.web.tool_shown import main_argument, tool_icon, tool_name

ENDINGS = {
    "cancelled": "Cancelled by the client",
    "truncated": "The answer was cut short",
    "interrupted": "The gateway stopped before the end",
    "failed": "Failed",
}
"""What is told of a step that did not complete and says no more about it."""
ERRORS = {
    "bad_request": "Refused as a bad request",
    "unauthorized": "Refused: not authorized",
    "rate_limited": "Rate limited",
    "overloaded": "Provider overloaded",
    "server_error": "Provider error",
    "timeout": "Timed out",
}


def title_of(session: SessionHead, *, active: bool) -> str:
    """What was asked first, on one line. While that is under way, a client's own chore may have ended already."""
    asked = " ".join((session.first_prompt or "").split())
    return asked or ("No prompt on record yet" if active else "Session without a prompt")


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """A step on one line."""

    icon: str
    server: str = ""
    """The MCP server of the tool."""
    tool: str = ""
    argument: str = ""
    tells: str = ""
    """What a step without a tool says."""
    problem: str = ""
    """Why it failed."""


def lead(row: Row, said: StepTexts) -> Lead:
    """What a step says of itself: its first tool, or how it ended."""
    step = row.step
    problem = problem_of(step.outcome, step.error_type, step.error_message)
    if step.tool is not None:
        server, name = tool_name(step.tool)
        problem = problem or _failed_calls(step)
        argument = main_argument(step.tool, said.input or "")
        return Lead(icon=tool_icon(step.tool), server=server, tool=name, argument=argument, problem=problem)
    if step.side_request:
        return Lead(icon="asterisk", tells=_line(step.side_prompt) or "Side request", problem=problem)
    if row.failed:
        return Lead(icon="circle-alert", problem=problem)
    if step.outcome == "cancelled":
        return Lead(icon="x", tells=ENDINGS["cancelled"])
    return Lead(icon="check", tells=_line(said.answer) or f"Turn ended. {_line(said.thought)}".rstrip())


def problem_of(outcome: str, error_type: str | None, message: str | None) -> str:
    """Why a step failed, or nothing."""
    if outcome in {"completed", "cancelled"}:
        return ""
    known = ERRORS.get(error_type or "") or ENDINGS[outcome]
    told = _line(message)
    return f"{known}: {told}" if told else known


def _failed_calls(step: TimelineStep) -> str:
    """What the only call told that failed; how many, and what the first of them told."""
    if not step.failed_calls:
        return ""
    told = _line(step.call_error)
    if step.tool_calls == 1:
        return told or "The call failed"
    count = f"{step.failed_calls} of {step.tool_calls} calls failed"
    return f"{count}: {told}" if told else count


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
