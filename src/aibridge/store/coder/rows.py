"""Rows of a Coder deployment. Columns that an older version lacks have the value that means absence."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

JsonText = str
"""JSON as it is written in the database; nothing is known of its shape."""


class Kind(StrEnum):
    """A table of children of an interception."""

    TOKEN_USAGES = "token_usages"  # noqa: S105 - not that kind of token
    USER_PROMPTS = "user_prompts"
    TOOL_USAGES = "tool_usages"
    MODEL_THOUGHTS = "model_thoughts"


class CoderUser(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `users`, without secrets."""

    id: UUID
    username: str
    email: str | None
    name: str | None
    avatar_url: str | None
    deleted: bool
    status: str
    """`active`, `dormant` (has not been seen for long) or `suspended`."""
    is_system: bool
    rbac_roles: list[str]
    created_at: datetime | None
    asked: bool
    """Whether any interception is theirs."""


class CoderInterception(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_interceptions`."""

    id: UUID
    initiator_id: UUID
    provider: str
    """A wire format, or the type of a configured provider."""
    provider_name: str
    model: str
    started_at: datetime
    ended_at: datetime | None
    metadata: JsonText | None
    api_key_id: str | None
    client: str | None
    client_session_id: str | None
    thread_parent_id: UUID | None
    thread_root_id: UUID | None
    astray: bool
    """The parent or the root is somebody else's: Coder follows tool-call ids across people."""
    credential_kind: str
    credential_hint: str
    error_type: str | None
    error_message: str | None
    agent_firewall_session_id: UUID | None
    agent_firewall_sequence_number: int | None
    annotations: JsonText | None


class CoderUserPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_user_prompts`."""

    interception_id: UUID
    id: UUID
    prompt: str
    metadata: JsonText | None
    created_at: datetime


class CoderTokenUsage(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_token_usages`."""

    interception_id: UUID
    id: UUID
    provider_response_id: str
    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int
    cache_write_input_tokens: int
    metadata: JsonText | None
    created_at: datetime


class CoderToolUsage(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_tool_usages`."""

    interception_id: UUID
    id: UUID
    provider_response_id: str
    server_url: str | None
    tool: str
    input: str
    injected: bool
    invocation_error: str | None
    metadata: JsonText | None
    created_at: datetime
    provider_tool_call_id: str | None
    provider_item_id: str | None


class CoderModelThought(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `aibridge_model_thoughts`: the only one without an id."""

    interception_id: UUID
    content: str
    metadata: JsonText | None
    created_at: datetime


class Children(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to one interception, oldest first."""

    token_usages: Sequence[CoderTokenUsage] = ()
    user_prompts: Sequence[CoderUserPrompt] = ()
    tool_usages: Sequence[CoderToolUsage] = ()
    model_thoughts: Sequence[CoderModelThought] = ()


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows of one kind an interception has, and how many bytes of text they hold."""

    number: int
    bytes: int
