"""Everything that is recorded as lines of the log too, for a SIEM: the names and fields of Coder's AI Bridge.

A line is written when the recorder takes a row: before the database is asked, and so whether it takes it or not. What
only the database knows, the thread that a request continues, is not in it.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from aibridge.records import (
    Begun,
    Finished,
    ModelAnswerRow,
    ModelThoughtRow,
    TokenUsageRow,
    ToolResultRow,
    ToolUsageRow,
)

MESSAGE = "interception log"

log = structlog.get_logger(__name__)


class RecordLog:
    """Writes the lines. Satisfies `recording.recorder.Witness`."""

    def begun(self, row: Begun) -> None:
        """`interception_start`, `prompt_usage` if somebody wrote one, and `tool_result` where those are kept."""
        _write("interception_start", _start(row))
        if row.user_prompt is not None:
            prompt = row.user_prompt
            fields = {"prompt": prompt.prompt, "created_at": prompt.created_at, "metadata": prompt.metadata}
            _write("prompt_usage", {"interception_id": row.id, **fields})
        for result in row.tool_results:
            _write("tool_result", {"interception_id": row.id, **_result(result)})

    def finished(self, row: Finished) -> None:
        """What the answer held, and `interception_end` last."""
        if row.token_usage is not None:
            _write("token_usage", {"interception_id": row.id, **_tokens(row.token_usage)})
        for tool in row.tool_usages:
            _write("tool_usage", {"interception_id": row.id, **_tool(tool)})
        for thought in row.model_thoughts:
            _write("model_thought", {"interception_id": row.id, **_thought(thought)})
        for answer in row.model_answers:
            _write("model_answer", {"interception_id": row.id, **_answer(answer)})
        end = {
            "interception_id": row.id,
            "ended_at": row.ended_at,
            "outcome": row.outcome,
            "error_type": row.error_type,
        }
        _write("interception_end", end)


def _write(record_type: str, fields: Mapping[str, Any]) -> None:
    log.info(MESSAGE, record_type=record_type, **{name: _plain(value) for name, value in fields.items()})


def _plain(value: Any) -> Any:
    """Ids and times as text."""
    return value if value is None or isinstance(value, str | int | bool | Mapping) else _text(value)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _start(row: Begun) -> dict[str, Any]:
    return {
        "interception_id": row.id,
        "initiator_id": row.initiator_id,
        "api_key_id": row.api_token_id,
        "provider": row.provider,
        "provider_name": row.provider_name,
        "endpoint": row.endpoint,
        "model": row.model,
        "client": row.client,
        "client_session_id": row.client_session_id,
        "started_at": row.started_at,
        "correlating_tool_call_id": row.correlating_tool_call_id,
        "metadata": row.metadata,
    }


def _tokens(row: TokenUsageRow) -> dict[str, Any]:
    return {
        "msg_id": row.provider_response_id,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cache_read_input_tokens": row.cache_read_input_tokens,
        "cache_write_input_tokens": row.cache_write_input_tokens,
        "created_at": row.created_at,
        "metadata": row.metadata,
    }


def _tool(row: ToolUsageRow) -> dict[str, Any]:
    return {
        "msg_id": row.provider_response_id,
        "tool_call_id": row.provider_tool_call_id,
        "item_id": row.provider_item_id,
        "tool": row.tool,
        "input": row.input,
        "server_url": row.server_url,
        "injected": row.injected,
        "invocation_error": row.invocation_error,
        "created_at": row.created_at,
        "metadata": row.metadata,
    }


def _thought(row: ModelThoughtRow) -> dict[str, Any]:
    return {"content": row.content, "source": row.source, "created_at": row.created_at, "metadata": row.metadata}


def _answer(row: ModelAnswerRow) -> dict[str, Any]:
    return {"content": row.content, "created_at": row.created_at, "metadata": row.metadata}


def _result(row: ToolResultRow) -> dict[str, Any]:
    return {
        "tool_call_id": row.provider_tool_call_id,
        "content": row.content,
        "is_error": row.is_error,
        "created_at": row.created_at,
        "metadata": row.metadata,
    }
