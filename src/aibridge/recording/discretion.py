"""What of an exchange is kept: texts that the settings leave out are dropped, what must not be kept is redacted.

This happens before rows are made, so nothing that sees rows (the database, the log of records, excerpts) sees more.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from aibridge.capture import Capture
from aibridge.recording.rows import Ending
from aibridge.records import Metadata, ModelAnswer, ModelThought, ReplyFacts, RequestFacts, ToolResult, ToolUsage
from aibridge.redaction.redactor import Redactor

EVERYTHING = Capture()
REDACTIONS = "redactions"
"""Metadata key of the number of redactions by name."""
SIDE_PROMPT = "side_prompt"

_Text = TypeVar("_Text", ModelThought, ModelAnswer, ToolResult)


class Discretion:
    """For one provider. Touches nothing where nothing is left out and nothing redacted."""

    __slots__ = ("_redactor", "capture")

    def __init__(self, capture: Capture = EVERYTHING, redactor: Redactor | None = None) -> None:
        self.capture = capture
        self._redactor = redactor

    def of_request(self, facts: RequestFacts) -> RequestFacts:
        """The facts with no text that must not be kept."""
        if not (self.capture.prompts and (self.capture.tool_results or not facts.tool_results)):
            facts = _without(facts, self.capture)
        return facts if self._redactor is None else _request_blackened(facts, self._redactor)

    def of_reply(self, facts: ReplyFacts, ending: Ending, begun: Metadata) -> tuple[ReplyFacts, Ending]:
        """The same of an answer and of its error. `begun`: the metadata of the start, whose count goes on."""
        facts = _answer_without(facts, self.capture)
        return (facts, ending) if self._redactor is None else _reply_blackened(facts, ending, begun, self._redactor)


def _without(facts: RequestFacts, capture: Capture) -> RequestFacts:
    changes: dict[str, Any] = {}
    if not capture.prompts and (facts.prompt or facts.metadata.get(SIDE_PROMPT)):
        # That somebody asked stays: it is a session's last activity.
        changes["prompt"] = None if facts.prompt is None else ""
        changes["metadata"] = {key: value for key, value in facts.metadata.items() if key != SIDE_PROMPT}
        changes["not_captured"] = ("prompts",)
    if not capture.tool_results:
        changes["tool_results"] = ()
    return replace(facts, **changes)


def _answer_without(facts: ReplyFacts, capture: Capture) -> ReplyFacts:
    """Name, id and number of calls stay: threads depend on them."""
    changes: dict[str, Any] = {}
    left_out = []
    if not capture.thoughts and facts.model_thoughts:
        changes["model_thoughts"] = ()
        left_out.append("thoughts")
    if not capture.tools and any(tool.input for tool in facts.tool_usages):
        changes["tool_usages"] = tuple([replace(tool, input="") for tool in facts.tool_usages])
        left_out.append("tools")
    if not capture.answers and facts.model_answers:
        changes["model_answers"] = ()
    return replace(facts, **changes, not_captured=tuple(left_out)) if changes else facts


def _request_blackened(facts: RequestFacts, redactor: Redactor) -> RequestFacts:
    found: Counter[str] = Counter()
    prompt = facts.prompt and redactor.text(facts.prompt, found)
    results = _texts_blackened(facts.tool_results, redactor, found)
    metadata = redactor.value(facts.metadata, found)
    if not found:
        return facts
    return replace(facts, prompt=prompt, tool_results=results, metadata=_counted(metadata, found))


def _reply_blackened(
    facts: ReplyFacts, ending: Ending, begun: Metadata, redactor: Redactor
) -> tuple[ReplyFacts, Ending]:
    found: Counter[str] = Counter()
    message = redactor.text(ending.error_message, found) if ending.error_message else ""
    usage = facts.token_usage
    changes = {
        "tool_usages": tuple([_tool_blackened(tool, redactor, found) for tool in facts.tool_usages]),
        "model_thoughts": _texts_blackened(facts.model_thoughts, redactor, found),
        "model_answers": _texts_blackened(facts.model_answers, redactor, found),
        "token_usage": usage and replace(usage, metadata=redactor.value(usage.metadata, found)),
        "metadata": redactor.value(facts.metadata, found),
    }
    if not found:
        return facts, ending
    found.update(begun.get(REDACTIONS, {}))  # the end's metadata replaces the start's
    changes["metadata"] = _counted(changes["metadata"], found)
    return replace(facts, **changes), replace(ending, error_message=message)


def _tool_blackened(tool: ToolUsage, redactor: Redactor, found: Counter[str]) -> ToolUsage:
    return replace(
        tool,
        input=redactor.text(tool.input, found),
        server_url=tool.server_url and redactor.text(tool.server_url, found),
        invocation_error=tool.invocation_error and redactor.text(tool.invocation_error, found),
        metadata=redactor.value(tool.metadata, found),
    )


def _texts_blackened(texts: tuple[_Text, ...], redactor: Redactor, found: Counter[str]) -> tuple[_Text, ...]:
    return tuple(
        [
            replace(each, content=redactor.text(each.content, found), metadata=redactor.value(each.metadata, found))
            for each in texts
        ]
    )


def _counted(metadata: Mapping[str, Any], found: Counter[str]) -> dict[str, Any]:
    """First, so that a text that fills the metadata does not push it out."""
    return {REDACTIONS: dict(sorted(found.items())), **metadata}
