"""Coder's interceptions as rows of our record: every value made storable, what had to be changed named in a note."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

import msgspec

from aibridge.importing.caches import caches
from aibridge.recording import storable
from aibridge.recording.storable import Notes
from aibridge.records import (
    CredentialKind,
    ErrorType,
    Metadata,
    ModelThoughtRow,
    Outcome,
    ProviderType,
    ThoughtSource,
    TokenUsageRow,
    ToolUsageRow,
    UserPromptRow,
)
from aibridge.store.coder import (
    Children,
    CoderInterception,
    CoderModelThought,
    CoderTokenUsage,
    CoderToolUsage,
    CoderUserPrompt,
)
from aibridge.store.importing import Imported
from aibridge.store.text import MAX_HINT_CHARS

PROVIDERS: Mapping[str, ProviderType] = {
    "anthropic": ProviderType.ANTHROPIC,
    "bedrock": ProviderType.ANTHROPIC,
    "openai": ProviderType.OPENAI,
    "azure": ProviderType.OPENAI,
    "google": ProviderType.OPENAI,
    "openrouter": ProviderType.OPENAI,
    "vercel": ProviderType.OPENAI,
    "openai-compat": ProviderType.OPENAI,
    "copilot": ProviderType.COPILOT,
}
"""Coder's types of providers → the wire format they speak."""

UNKNOWN_CLIENT = "Unknown"


def imported(row: CoderInterception, children: Children, *, initiator_id: UUID) -> Imported:
    """The row of an ended interception of a known provider, asked by `initiator_id`."""
    if row.ended_at is None:
        raise ValueError(f"interception {row.id} is in flight")
    notes = Notes()
    token_usages = tuple(_token_usage(usage, notes) for usage in children.token_usages)
    error_type = _error_type(row.error_type, notes)
    if row.astray:
        notes.add("thread: its parent or root is somebody else's, left out")
    return Imported(
        id=row.id,
        initiator_id=initiator_id,
        thread_parent_id=None if row.astray else row.thread_parent_id,
        thread_root_id=None if row.astray else row.thread_root_id,
        started_at=row.started_at,
        ended_at=max(row.ended_at, row.started_at),
        outcome=Outcome.FAILED if error_type else Outcome.COMPLETED,
        error_type=error_type,
        error_message=storable.error_message(row.error_message, notes) if error_type and row.error_message else None,
        provider=PROVIDERS[row.provider],
        provider_name=storable.indexed(row.provider_name.strip() or row.provider, "provider_name", notes),
        model=storable.indexed(row.model, "model", notes),
        provider_response_id=_response_id(children, notes),
        client=storable.indexed(row.client or UNKNOWN_CLIENT, "client", notes),
        client_session_id=storable.session_id(row.client_session_id, notes),
        api_token_id=storable.text(row.api_key_id or "", "api_key_id", notes),
        credential_kind=CredentialKind.BYOK if row.credential_kind == "byok" else CredentialKind.CENTRALIZED,
        credential_hint=row.credential_hint[:MAX_HINT_CHARS],
        user_prompts=tuple(_user_prompt(prompt, notes) for prompt in children.user_prompts),
        token_usages=token_usages,
        tool_usages=tuple(_tool_usage(tool, notes) for tool in children.tool_usages),
        model_thoughts=tuple(_model_thoughts(row.id, children.model_thoughts, notes)),
        metadata=storable.metadata(_own_metadata(row, notes), notes),
        notes=notes.told(),
    )


def _own_metadata(row: CoderInterception, notes: Notes) -> dict[str, Any]:
    """What Coder keeps beside the columns that we have, and where it comes from; first, so that it is never dropped."""
    beside = {
        "imported_from": "coder",
        "imported_provider": row.provider if row.provider != PROVIDERS[row.provider] else None,
        "agent_firewall_session_id": str(row.agent_firewall_session_id) if row.agent_firewall_session_id else None,
        "agent_firewall_sequence_number": row.agent_firewall_sequence_number,
        "annotations": _object(row.annotations, notes) or None,
    }
    kept = {key: value for key, value in beside.items() if value is not None}
    return kept | {key: value for key, value in _object(row.metadata, notes).items() if key not in kept}


def _object(text: str | None, notes: Notes) -> Metadata:
    """The JSON object that `text` is; anything else becomes one."""
    if text is None:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        notes.add("metadata: could not be read, left out")
        return {}
    if isinstance(value, dict):
        return value
    return {} if value is None else {"value": value}


def _metadata(text: str | None, notes: Notes) -> Metadata:
    return storable.metadata(_object(text, notes), notes)


def _error_type(name: str | None, notes: Notes) -> ErrorType | None:
    found = next((error_type for error_type in ErrorType if error_type == name), None)
    if name is None or found:
        return found
    notes.add(f"error_type: {name[:64]} is not one of ours")
    return ErrorType.UNKNOWN


def _response_id(children: Children, notes: Notes) -> str:
    """The provider's id of the answer: Coder keeps it with the children only."""
    told = [usage.provider_response_id for usage in children.token_usages]
    told += [tool.provider_response_id for tool in children.tool_usages]
    found = next(filter(None, told), "")
    return storable.indexed(found, "provider_response_id", notes)


def _user_prompt(row: CoderUserPrompt, notes: Notes) -> UserPromptRow:
    return UserPromptRow(
        id=row.id,
        prompt=storable.text(row.prompt, "prompt", notes),
        created_at=row.created_at,
        metadata=_metadata(row.metadata, notes),
    )


def _token_usage(row: CoderTokenUsage, notes: Notes) -> TokenUsageRow:
    metadata = _object(row.metadata, notes)
    cached = caches(row.cache_read_input_tokens, row.cache_write_input_tokens, metadata, notes)
    return TokenUsageRow(
        id=row.id,
        provider_response_id=storable.indexed(row.provider_response_id, "provider_response_id", notes),
        input_tokens=storable.count(row.input_tokens, "input_tokens", notes),
        output_tokens=storable.count(row.output_tokens, "output_tokens", notes),
        cache_read_input_tokens=cached.read,
        cache_write_input_tokens=cached.write,
        partial=False,
        created_at=row.created_at,
        metadata=storable.metadata(metadata, notes),
    )


def _tool_usage(row: CoderToolUsage, notes: Notes) -> ToolUsageRow:
    return ToolUsageRow(
        id=row.id,
        provider_response_id=storable.indexed(row.provider_response_id, "provider_response_id", notes),
        tool=storable.indexed(row.tool, "tool", notes),
        input=storable.text(row.input, "tool input", notes),
        provider_tool_call_id=storable.optional_indexed(row.provider_tool_call_id, "provider_tool_call_id", notes),
        provider_item_id=storable.optional_indexed(row.provider_item_id, "provider_item_id", notes),
        server_url=storable.optional_text(row.server_url, "server_url", notes),
        injected=row.injected,
        invocation_error=storable.optional_text(row.invocation_error, "invocation_error", notes),
        created_at=row.created_at,
        metadata=_metadata(row.metadata, notes),
    )


def _model_thoughts(
    interception_id: UUID, rows: Iterable[CoderModelThought], notes: Notes
) -> Iterable[ModelThoughtRow]:
    """Thoughts with ids made of what they say and when; equal ones are told apart by their number."""
    seen: dict[str, int] = {}
    for row in rows:
        said = f"{row.created_at.isoformat()}\n{row.content}"
        seen[said] = ordinal = seen.get(said, 0) + 1
        metadata = _metadata(row.metadata, notes)
        yield ModelThoughtRow(
            id=uuid5(interception_id, f"{ordinal}\n{said}"),
            source=_source(metadata),
            content=storable.text(row.content, "thought", notes),
            created_at=row.created_at,
            metadata=metadata,
        )


def _source(metadata: Metadata) -> ThoughtSource:
    told = metadata.get("source")
    return next((source for source in ThoughtSource if source == told), ThoughtSource.THINKING)
