"""From facts to rows: identity and time are added, every value is made storable."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from aibridge.recording import storable
from aibridge.recording.pricing import FAILED, Pricing, unpriced
from aibridge.recording.storable import Notes
from aibridge.records import (
    Begun,
    CredentialKind,
    CredentialType,
    ErrorType,
    Finished,
    ModelAnswer,
    ModelAnswerRow,
    ModelThought,
    ModelThoughtRow,
    Outcome,
    ProviderType,
    ReplyFacts,
    RequestFacts,
    TokenUsage,
    TokenUsageRow,
    ToolResult,
    ToolResultRow,
    ToolUsage,
    ToolUsageRow,
    UserPromptRow,
)

EXCERPT_CHARS = 500
"""Characters of first and last prompt that the session roll-up keeps."""

ORDINARY_STOPS = frozenset(
    ("end_turn", "stop_sequence", "tool_use", "stop", "tool_calls", "function_call", "completed", "in_progress")
)
"""Why answers end that have nothing to tell beyond what is on record. The last: of a response that was only begun."""

NewId: TypeAlias = Callable[[], UUID]


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Whose credential went upstream. The secret itself is nowhere in the record."""

    kind: CredentialKind
    type: CredentialType
    hint: str
    """Masked, at most 15 characters."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked, through what, and with whose credential."""

    initiator_id: UUID
    api_token_id: str
    gateway_id: UUID
    provider: ProviderType
    provider_name: str
    endpoint: str
    credential: Credential


class BodyProof(msgspec.Struct, frozen=True, kw_only=True):
    """What proves that the body was carried unmodified, or names what was changed. Hashes are hex."""

    received: str
    sent: str
    mutations: tuple[str, ...] = ()


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How an exchange ended, as the relay saw it."""

    outcome: Outcome
    status_code: int | None
    error_type: ErrorType | None = None
    error_message: str = ""
    time_to_first_byte_us: int | None = None
    partial: bool = False
    mutations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def begun(
    *,
    interception_id: UUID,
    started_at: datetime,
    origin: Origin,
    facts: RequestFacts,
    proof: BodyProof,
    new_id: NewId,
) -> Begun:
    """Make the row of a start."""
    notes = Notes(facts.notes)
    return Begun(
        id=interception_id,
        initiator_id=origin.initiator_id,
        api_token_id=origin.api_token_id,
        gateway_id=origin.gateway_id,
        provider=origin.provider,
        provider_name=origin.provider_name,
        endpoint=origin.endpoint,
        model=storable.indexed(facts.model, "model", notes),
        streaming=facts.stream,
        started_at=started_at,
        client=facts.client,
        client_session_id=storable.session_id(facts.client_session_id, notes),
        correlating_tool_call_id=storable.optional_indexed(
            facts.correlating_tool_call_id, "correlating_tool_call_id", notes
        ),
        agent_id=storable.optional_indexed(facts.agent_id, "agent_id", notes),
        parent_agent_id=storable.optional_indexed(facts.parent_agent_id, "parent_agent_id", notes),
        side_request=facts.side_request,
        credential_kind=origin.credential.kind,
        credential_type=origin.credential.type,
        credential_hint=origin.credential.hint,
        mutations=proof.mutations,
        body_sha256_received=proof.received,
        body_sha256_sent=proof.sent,
        unread=facts.unread,
        user_prompt=_user_prompt(facts, started_at, notes, new_id),
        tool_results=tuple([_tool_result(result, started_at, notes, new_id) for result in facts.tool_results]),
        not_captured=facts.not_captured,
        metadata=storable.metadata(facts.metadata, notes),
        notes=notes.told(),
    )


def finished(
    begin: Begun, *, ended_at: datetime, ending: Ending, facts: ReplyFacts, new_id: NewId, pricing: Pricing = unpriced
) -> Finished:
    """Make the row of an end, with the facts of the answer and their price."""
    notes = Notes((*ending.notes, *facts.notes))
    usage = _token_usage(facts.token_usage, ended_at, notes, new_id)
    message = storable.error_message(ending.error_message, notes) if ending.error_message else None
    prompt = begin.user_prompt
    return Finished(
        id=begin.id,
        initiator_id=begin.initiator_id,
        ended_at=max(ended_at, begin.started_at),
        outcome=ending.outcome,
        status_code=ending.status_code,
        error_type=ending.error_type,
        error_message=message if ending.error_type else None,
        time_to_first_byte_us=ending.time_to_first_byte_us,
        provider_response_id=storable.indexed(facts.response_id, "provider_response_id", notes),
        response_model=storable.indexed(facts.model, "response_model", notes),
        partial=ending.partial,
        unread=facts.unread,
        mutations=ending.mutations,
        token_usage=_priced(usage, begin, facts.model, pricing, notes) if usage else None,
        tool_usages=tuple([_tool_usage(tool, ended_at, notes, new_id) for tool in facts.tool_usages]),
        model_thoughts=tuple([_model_thought(thought, ended_at, notes, new_id) for thought in facts.model_thoughts]),
        model_answers=tuple([_model_answer(answer, ended_at, notes, new_id) for answer in facts.model_answers]),
        not_captured=facts.not_captured,
        metadata=storable.metadata({**facts.metadata, **_stopped(facts, notes)}, notes),
        notes=notes.told(),
        prompt_at=prompt.created_at if prompt else None,
        prompt_excerpt=prompt.prompt[:EXCERPT_CHARS] if prompt else None,
    )


def _stopped(facts: ReplyFacts, notes: Notes) -> dict[str, str]:
    """Why the model stopped, where that is worth knowing: it refused, was filtered, or ran out of room."""
    if facts.failed or not facts.stop_reason or facts.stop_reason in ORDINARY_STOPS:
        return {}
    return {"stop_reason": storable.indexed(facts.stop_reason, "stop_reason", notes)}


def _user_prompt(facts: RequestFacts, at: datetime, notes: Notes, new_id: NewId) -> UserPromptRow | None:
    if facts.prompt is None:
        return None
    return UserPromptRow(id=new_id(), prompt=storable.text(facts.prompt, "prompt", notes), created_at=at)


def _tool_result(result: ToolResult, at: datetime, notes: Notes, new_id: NewId) -> ToolResultRow:
    return ToolResultRow(
        id=new_id(),
        provider_tool_call_id=storable.indexed(result.provider_tool_call_id, "provider_tool_call_id", notes),
        content=storable.text(result.content, "tool result", notes),
        is_error=result.is_error,
        created_at=at,
        metadata=storable.metadata(result.metadata, notes),
    )


def _token_usage(usage: TokenUsage | None, at: datetime, notes: Notes, new_id: NewId) -> TokenUsageRow | None:
    if usage is None:
        return None
    return TokenUsageRow(
        id=new_id(),
        provider_response_id=storable.indexed(usage.provider_response_id, "provider_response_id", notes),
        input_tokens=storable.count(usage.input, "input_tokens", notes),
        output_tokens=storable.count(usage.output, "output_tokens", notes),
        cache_read_input_tokens=storable.count(usage.cache_read, "cache_read_input_tokens", notes),
        cache_write_input_tokens=storable.count(usage.cache_write, "cache_write_input_tokens", notes),
        partial=usage.partial,
        created_at=at,
        metadata=storable.metadata(usage.metadata, notes),
    )


def _priced(usage: TokenUsageRow, begin: Begun, response_model: str, pricing: Pricing, notes: Notes) -> TokenUsageRow:
    try:
        cost, told = pricing(
            usage,
            provider=begin.provider,
            provider_name=begin.provider_name,
            model=begin.model,
            response_model=response_model,
        )
    except Exception:  # noqa: BLE001 - whatever is wrong with a price, what happened is recorded
        notes.add(FAILED)
        return usage
    for note in told:
        notes.add(note)
    return usage if cost is None else msgspec.structs.replace(usage, cost=cost)


def _tool_usage(tool: ToolUsage, at: datetime, notes: Notes, new_id: NewId) -> ToolUsageRow:
    return ToolUsageRow(
        id=new_id(),
        provider_response_id=storable.indexed(tool.provider_response_id, "provider_response_id", notes),
        tool=storable.indexed(tool.tool, "tool", notes),
        input=storable.text(tool.input, "tool input", notes),
        provider_tool_call_id=storable.optional_indexed(tool.provider_tool_call_id, "provider_tool_call_id", notes),
        provider_item_id=storable.optional_indexed(tool.provider_item_id, "provider_item_id", notes),
        server_url=storable.optional_text(tool.server_url, "server_url", notes),
        injected=tool.injected,
        invocation_error=storable.optional_text(tool.invocation_error, "invocation_error", notes),
        created_at=at,
        metadata=storable.metadata(tool.metadata, notes),
    )


def _model_thought(thought: ModelThought, at: datetime, notes: Notes, new_id: NewId) -> ModelThoughtRow:
    return ModelThoughtRow(
        id=new_id(),
        source=thought.source,
        content=storable.text(thought.content, "thought", notes),
        created_at=at,
        metadata=storable.metadata(thought.metadata, notes),
    )


def _model_answer(answer: ModelAnswer, at: datetime, notes: Notes, new_id: NewId) -> ModelAnswerRow:
    return ModelAnswerRow(
        id=new_id(),
        content=storable.text(answer.content, "answer", notes),
        created_at=at,
        metadata=storable.metadata(answer.metadata, notes),
    )
