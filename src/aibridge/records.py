"""The vocabulary of the record. Frozen, keyword-only; nothing here reads a clock, a socket or a setting.

Two kinds of things live here: *facts*, which a dialect reads from the traffic and which carry no identity, and
*rows*, which the recorder makes of them by adding ids and times, and which the store writes.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

Metadata = Mapping[str, Any]
"""JSON object. Extra counters keep the provider's own names."""


class ProviderType(StrEnum):
    """The wire format and credential rules of a provider instance."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    COPILOT = "copilot"


class Outcome(StrEnum):
    """How an interception ended."""

    COMPLETED = "completed"
    """The gateway read the provider's terminal event, or the whole plain body, of a good answer."""
    FAILED = "failed"
    """An error status, an error event in the stream, or an error of the gateway's own."""
    CANCELLED = "cancelled"
    """The client went away before the gateway had read the terminal event."""
    TRUNCATED = "truncated"
    """The provider ended its answer early."""
    INTERRUPTED = "interrupted"
    """The gateway died; set by recovery. A real finish that still arrives replaces it."""


class ErrorType(StrEnum):
    """Why an interception did not complete."""

    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


class CredentialKind(StrEnum):
    """Whose credential went upstream."""

    CENTRALIZED = "centralized"
    BYOK = "byok"


class CredentialType(StrEnum):
    """What kind of credential went upstream."""

    API_KEY = "api_key"
    SUBSCRIPTION = "subscription"


class Role(StrEnum):
    """What a user may do; see `auth.roles`."""

    OWNER = "owner"
    AUDITOR = "auditor"
    MEMBER = "member"


class UserStatus(StrEnum):
    """Whether a user may use the gateway."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


class Scope(StrEnum):
    """What an aibridge token opens."""

    GATEWAY = "gateway"
    API = "api"


# ------------------------------------------------------------------ facts: what a dialect reads


class TokenUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider response cost in tokens: final cumulative figures. None is unknown, zero is zero."""

    provider_response_id: str = ""
    input: int | None = None
    """Tokens billed at the full input rate; excludes cache reads and writes, for every API."""
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    partial: bool = False
    """The figures are known to be incomplete: the answer ended before the final ones came."""
    metadata: Metadata = {}


class ToolUsage(msgspec.Struct, frozen=True, kw_only=True):
    """A tool the model chose to call."""

    provider_response_id: str = ""
    tool: str
    input: str
    """The arguments: JSON text as the provider sent it, or the raw text of a free-form tool."""
    provider_tool_call_id: str | None = None
    """The correlation key. None for hosted tools, whose results never come back through a client."""
    provider_item_id: str | None = None
    """The id of the output item (OpenAI Responses), present for hosted tools too."""
    server_url: str | None = None
    injected: bool = False
    invocation_error: str | None = None
    metadata: Metadata = {}


class ThoughtSource(StrEnum):
    """In which part of an answer a thought was."""

    THINKING = "thinking"
    REASONING = "reasoning"
    REASONING_SUMMARY = "reasoning_summary"
    COMMENTARY = "commentary"


class ModelThought(msgspec.Struct, frozen=True, kw_only=True):
    """Something the model said about why it acts."""

    source: ThoughtSource
    content: str
    metadata: Metadata = {}


class ModelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One text of an answer. Only read if answers are kept."""

    content: str
    metadata: Metadata = {}


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a client sends back for a tool call. Read only where it is to be kept."""

    provider_tool_call_id: str
    content: str
    """Its texts, one below the other; pictures and files are named in the metadata."""
    is_error: bool | None = None
    """None: the API has no word for it, or it was not said."""
    metadata: Metadata = {}


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect reads from the head and body of a request."""

    model: str = ""
    stream: bool = False
    prompt: str | None = None
    """The human prompt; None when the request carries only tool results, or is a side request."""
    correlating_tool_call_id: str | None = None
    """The id of the tool call whose result this request carries: it links this round to the one before."""
    client: str = "Unknown"
    client_session_id: str | None = None
    agent_id: str | None = None
    parent_agent_id: str | None = None
    side_request: bool = False
    """A client's own chore, such as making a title. Its text is kept in `metadata["side_prompt"]`."""
    unread: bool = False
    """Nothing could be read from the body."""
    tool_results: tuple[ToolResult, ...] = ()
    """Those that are new in this request: results before the model's last words came with an earlier one."""
    not_captured: tuple[str, ...] = ()
    """Kinds of text that were here and that the settings leave out; see `capture.Capture`."""
    notes: tuple[str, ...] = ()
    metadata: Metadata = {}


class ReplyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener knows of an answer at the moment it is asked."""

    response_id: str = ""
    model: str = ""
    """The model that the provider says answered."""
    token_usage: TokenUsage | None = None
    tool_usages: tuple[ToolUsage, ...] = ()
    model_thoughts: tuple[ModelThought, ...] = ()
    model_answers: tuple[ModelAnswer, ...] = ()
    not_captured: tuple[str, ...] = ()
    """As of the request."""
    ended: bool = False
    """The terminal event, or the whole plain body, was heard."""
    failed: bool = False
    """The answer itself says that it failed (an error body or a mid-stream error event)."""
    error_code: str = ""
    """The provider's own name of the error (`overloaded_error`, `rate_limit_exceeded`, …)."""
    error_message: str = ""
    stop_reason: str = ""
    unread: bool = False
    """The answer could not be read, for example an unknown content encoding."""
    notes: tuple[str, ...] = ()
    metadata: Metadata = {}


# ------------------------------------------------------------------ rows: what the recorder writes


class UserPromptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One human prompt, durable with the start of its interception."""

    id: UUID
    prompt: str
    created_at: datetime
    metadata: Metadata = {}


class ToolResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one tool call, durable with the start of the interception that brought it."""

    id: UUID
    provider_tool_call_id: str
    content: str
    is_error: bool | None
    created_at: datetime
    metadata: Metadata


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The start of an interception: durable before the first byte of the answer reaches the client."""

    id: UUID
    """UUIDv7, made by the gateway."""
    initiator_id: UUID
    api_token_id: str
    gateway_id: UUID
    provider: ProviderType
    provider_name: str
    """The configured instance, e.g. `copilot-business`."""
    endpoint: str
    """The provider's own path, e.g. `/v1/messages`."""
    model: str
    streaming: bool
    started_at: datetime
    client: str
    client_session_id: str | None
    correlating_tool_call_id: str | None
    agent_id: str | None
    parent_agent_id: str | None
    side_request: bool
    credential_kind: CredentialKind
    credential_type: CredentialType
    credential_hint: str
    mutations: tuple[str, ...]
    """Named changes made to the body; empty means the provider received the client's exact bytes."""
    body_sha256_received: str
    """Hex."""
    body_sha256_sent: str
    """Hex."""
    unread: bool
    notes: tuple[str, ...]
    metadata: Metadata
    user_prompt: UserPromptRow | None
    tool_results: tuple[ToolResultRow, ...] = ()
    not_captured: tuple[str, ...] = ()
    """What of its texts the settings left out, sorted."""


class UsageCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider response cost, and by which price: enough to do the sum again."""

    micros: int | None
    """Micro-dollars. None when the figures gave no sum though there is a price; a note on the record says why."""
    lower_bound: bool
    """It cost at least this."""
    input_price_micros: int | None
    """Micro-dollars for a million tokens, as are the other rates. None costs nothing."""
    output_price_micros: int | None
    cache_read_price_micros: int | None
    cache_write_price_micros: int | None
    cache_write_1h_price_micros: int | None
    """Of what was written for an hour. None: the same as for `cache_write`."""
    price_source: str
    """`own`, or the list that came with aibridge, by name and version."""
    price_listed_as: str
    """Its place there, such as `anthropic/claude-sonnet-4-5`."""
    price_since: datetime | None
    """When that price began. None: nothing earlier was known."""


class TokenUsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One provider response's tokens."""

    id: UUID
    provider_response_id: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_input_tokens: int | None
    cache_write_input_tokens: int | None
    partial: bool
    created_at: datetime
    metadata: Metadata
    cost: UsageCost | None = None
    """None: nobody has said a price for the model, so nobody knows."""


class ToolUsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call."""

    id: UUID
    provider_response_id: str
    tool: str
    input: str
    provider_tool_call_id: str | None
    provider_item_id: str | None
    server_url: str | None
    injected: bool
    invocation_error: str | None
    created_at: datetime
    metadata: Metadata


class ModelThoughtRow(msgspec.Struct, frozen=True, kw_only=True):
    """One thought; `position` keeps the order within the answer."""

    id: UUID
    source: str
    content: str
    created_at: datetime
    metadata: Metadata


class ModelAnswerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One text of an answer; their ids keep the order within it."""

    id: UUID
    content: str
    created_at: datetime
    metadata: Metadata


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an interception: durable before the last bytes of the answer reach the client."""

    id: UUID
    initiator_id: UUID
    ended_at: datetime
    outcome: Outcome
    status_code: int | None
    """What the client received; None when it received nothing."""
    error_type: ErrorType | None
    error_message: str | None
    """At most 1024 bytes, credentials redacted."""
    time_to_first_byte_us: int | None
    """From the request's arrival to the provider's first body byte, in microseconds."""
    provider_response_id: str
    response_model: str
    partial: bool
    """Known to be incomplete: this is what was seen."""
    unread: bool
    mutations: tuple[str, ...]
    """Appended to the mutations of the start, e.g. `include_usage_response`."""
    notes: tuple[str, ...]
    """Appended to the notes of the start."""
    metadata: Metadata
    """Merged over the metadata of the start."""
    token_usage: TokenUsageRow | None
    tool_usages: tuple[ToolUsageRow, ...]
    model_thoughts: tuple[ModelThoughtRow, ...]
    model_answers: tuple[ModelAnswerRow, ...] = ()
    not_captured: tuple[str, ...] = ()
    """Appended to that of the start."""
    prompt_at: datetime | None
    """When the prompt of the start was asked: moves the session's last activity."""
    prompt_excerpt: str | None
    """The prompt cut at 500 characters: first and last prompt of the session roll-up."""
