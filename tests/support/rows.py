"""Rows for the record, as the recorder would make them: each a plain success unless told otherwise."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from aibridge.recording.ids import uuid7
from aibridge.records import (
    Begun,
    CredentialKind,
    CredentialType,
    Finished,
    ModelAnswerRow,
    ModelThoughtRow,
    Outcome,
    ProviderType,
    TokenUsageRow,
    ToolResultRow,
    ToolUsageRow,
    UsageCost,
    UserPromptRow,
)

GATEWAY = uuid4()
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def new_id() -> UUID:
    return uuid7(time.time_ns() // 1_000_000)


def prompt(text: str, created_at: datetime = NOON) -> UserPromptRow:
    return UserPromptRow(id=new_id(), prompt=text, created_at=created_at)


def begun(initiator_id: UUID, **changes: Any) -> Begun:
    fields: dict[str, Any] = {
        "id": new_id(),
        "initiator_id": initiator_id,
        "api_token_id": "token",
        "gateway_id": GATEWAY,
        "provider": ProviderType.ANTHROPIC,
        "provider_name": "anthropic",
        "endpoint": "/v1/messages",
        "model": "claude-test",
        "streaming": True,
        "started_at": NOON,
        "client": "Claude Code",
        "client_session_id": None,
        "correlating_tool_call_id": None,
        "agent_id": None,
        "parent_agent_id": None,
        "side_request": False,
        "credential_kind": CredentialKind.CENTRALIZED,
        "credential_type": CredentialType.API_KEY,
        "credential_hint": "sk-a...efgh",
        "mutations": (),
        "body_sha256_received": "ab" * 32,
        "body_sha256_sent": "ab" * 32,
        "unread": False,
        "notes": (),
        "metadata": {},
        "user_prompt": None,
    }
    return Begun(**fields | changes)


def usage(**changes: Any) -> TokenUsageRow:
    fields: dict[str, Any] = {
        "id": new_id(),
        "provider_response_id": "msg_1",
        "input_tokens": 100,
        "output_tokens": 50,
        "cache_read_input_tokens": 20,
        "cache_write_input_tokens": 10,
        "partial": False,
        "created_at": NOON,
        "metadata": {},
    }
    return TokenUsageRow(**fields | changes)


def costing(micros: int | None) -> UsageCost:
    """By a known price; None: the figures gave no sum."""
    return UsageCost(
        micros=micros,
        lower_bound=False,
        input_price_micros=1_000_000,
        output_price_micros=None,
        cache_read_price_micros=None,
        cache_write_price_micros=None,
        cache_write_1h_price_micros=None,
        price_source="own",
        price_listed_as="",
        price_since=None,
    )


def call(call_id: str | None, **changes: Any) -> ToolUsageRow:
    fields: dict[str, Any] = {
        "id": new_id(),
        "provider_response_id": "msg_1",
        "tool": "Bash",
        "input": '{"command":"ls"}',
        "provider_tool_call_id": call_id,
        "provider_item_id": None,
        "server_url": None,
        "injected": False,
        "invocation_error": None,
        "created_at": NOON,
        "metadata": {},
    }
    return ToolUsageRow(**fields | changes)


def thought(content: str, **changes: Any) -> ModelThoughtRow:
    fields: dict[str, Any] = {
        "id": new_id(),
        "source": "thinking",
        "content": content,
        "created_at": NOON,
        "metadata": {},
    }
    return ModelThoughtRow(**fields | changes)


def answered(content: str, created_at: datetime = NOON) -> ModelAnswerRow:
    return ModelAnswerRow(id=new_id(), content=content, created_at=created_at, metadata={})


def returned(call_id: str, content: str, created_at: datetime = NOON, *, is_error: bool | None = None) -> ToolResultRow:
    return ToolResultRow(
        id=new_id(),
        provider_tool_call_id=call_id,
        content=content,
        is_error=is_error,
        created_at=created_at,
        metadata={},
    )


def finished(start: Begun, **changes: Any) -> Finished:
    asked = start.user_prompt
    fields: dict[str, Any] = {
        "id": start.id,
        "initiator_id": start.initiator_id,
        "ended_at": start.started_at + timedelta(seconds=1),
        "outcome": Outcome.COMPLETED,
        "status_code": 200,
        "error_type": None,
        "error_message": None,
        "time_to_first_byte_us": 1500,
        "provider_response_id": "msg_1",
        "response_model": "claude-test-20260601",
        "partial": False,
        "unread": False,
        "mutations": (),
        "notes": (),
        "metadata": {},
        "token_usage": None,
        "tool_usages": (),
        "model_thoughts": (),
        "prompt_at": asked.created_at if asked else None,
        "prompt_excerpt": asked.prompt[:500] if asked else None,
    }
    return Finished(**fields | changes)
