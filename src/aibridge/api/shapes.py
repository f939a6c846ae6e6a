"""The public contract: what the JSON API answers. snake_case, RFC 3339 in UTC, hex for hashes, lists never null."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome, ProviderType

Moment = Annotated[datetime, Field(description="RFC 3339, UTC", examples=["2026-01-02T03:04:05.678900Z"])]
"""The store gives moments in UTC, which pydantic writes with a `Z`."""
Sha256 = Annotated[
    str, Field(description="hex", examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"])
]
Tokens = Annotated[int | None, Field(ge=0, examples=[1200], description="null is unknown, 0 is zero")]
NotCaptured = Annotated[
    list[str],
    Field(
        examples=[[]],
        description="kinds of text that were present but that the settings leave out: `prompts`, `thoughts`, `tools`",
    ),
]
Metadata = Annotated[dict[str, Any], Field(examples=[{"request_user_agent": "claude-cli/2"}])]


class Shape(BaseModel):
    """Read from any object with these attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


Cost = Annotated[int | None, Field(ge=0, examples=[1555], description="micro-dollars; null: unpriced, 0 is free")]
Rate = Annotated[
    int | None, Field(ge=0, examples=[3_000_000], description="micro-dollars per million tokens; null costs nothing")
]


class Initiator(Shape):
    """The person who asked."""

    id: UUID
    username: str = Field(examples=["dana"])
    name: str = Field(examples=["Dana Dunn"], description="may be empty")
    avatar_url: str = Field(examples=[""], description="may be empty")


class TokenUsage(Shape):
    """What one provider response cost in tokens. Input excludes cache reads and writes, for every provider."""

    id: UUID
    interception_id: UUID
    provider_response_id: str = Field(examples=["msg_01XFDUDYJgAACzvnptvVoYEL"])
    input_tokens: Tokens
    output_tokens: Tokens
    cache_read_input_tokens: Tokens
    cache_write_input_tokens: Tokens
    cost_micros: Cost
    cost_lower_bound: bool = Field(
        description="it cost at least this: a count was missing, the answer was cut off, or its terms have no price"
    )
    input_price_micros: Rate
    output_price_micros: Rate
    cache_read_price_micros: Rate
    cache_write_price_micros: Rate
    cache_write_1h_price_micros: Rate = Field(description="for tokens written for one hour; null: same as the others")
    price_source: str | None = Field(
        examples=["genai-prices 0.2.3"], description="`own`, or the list that came with aibridge; null: no price"
    )
    price_listed_as: str | None = Field(examples=["anthropic/claude-sonnet-4-5"])
    price_since: Moment | None = Field(description="when that price began; null: nothing earlier was known")
    partial: bool = Field(description="the answer ended before the final figures came")
    metadata: Metadata = Field(description="further counters under the provider's own names")
    created_at: Moment


class UserPrompt(Shape):
    """What a person asked."""

    id: UUID
    interception_id: UUID
    provider_response_id: str = Field(examples=["msg_01XFDUDYJgAACzvnptvVoYEL"])
    prompt: str = Field(examples=["Why is the build red?"])
    metadata: Metadata
    created_at: Moment


class ToolUsage(Shape):
    """A tool the model chose to call."""

    id: UUID
    interception_id: UUID
    provider_response_id: str = Field(examples=["msg_01XFDUDYJgAACzvnptvVoYEL"])
    provider_tool_call_id: str | None = Field(examples=["toolu_01A09q90qw90lq917835lq9"])
    provider_item_id: str | None = Field(examples=[None], description="the output item's id (OpenAI Responses)")
    server_url: str = Field(description="empty: the client's own tool")
    tool: str = Field(examples=["Bash"])
    input: str = Field(examples=['{"command": "make test"}'])
    injected: bool
    invocation_error: str = Field(description="empty: none, or not invoked by the gateway")
    metadata: Metadata
    created_at: Moment


class ModelThought(Shape):
    """Something the model said about why it acts."""

    id: UUID
    interception_id: UUID
    source: str = Field(examples=["thinking", "reasoning", "reasoning_summary", "commentary"])
    content: str = Field(examples=["The log should name the failing test."])
    metadata: Metadata
    created_at: Moment


class ModelAnswer(Shape):
    """What the model answered; on record only where `answers` are captured."""

    id: UUID
    interception_id: UUID
    content: str = Field(examples=["The build is red because a test of dates fails."])
    metadata: Metadata = Field(description="`incomplete`: it was cut; `refusal`: the model declined")
    created_at: Moment


class ToolResult(Shape):
    """What a client sent back for an earlier tool call; on record only where `tool_results` are captured."""

    id: UUID
    interception_id: UUID = Field(description="the request that carried it")
    provider_tool_call_id: str = Field(examples=["toolu_01A09q90qw90lq917835lq9"], description="may be empty")
    content: str = Field(examples=["FAILED tests/test_dates.py::test_leap_year"])
    is_error: bool | None = Field(examples=[None], description="null: not said")
    metadata: Metadata = Field(description="`left_out`: what it contained besides text")
    created_at: Moment


class Interception(Shape):
    """One request to a provider, with what it asked and what came back."""

    id: UUID
    initiator: Initiator
    api_key_id: str | None = Field(
        examples=["mfrggzdfmztwq2lk"],
        description="the public part of the aibridge token that was used; null: not known, of what was imported",
    )
    gateway_id: UUID = Field(description="the worker process that handled it")
    provider: ProviderType
    provider_name: str = Field(examples=["copilot-business"], description="the configured instance")
    endpoint: str = Field(examples=["/v1/messages"])
    model: str = Field(examples=["claude-sonnet-4-5"], description="as requested")
    response_model: str = Field(
        examples=["claude-sonnet-4-5-20250929"], description="as the provider names it in its answer"
    )
    provider_response_id: str = Field(examples=["msg_01XFDUDYJgAACzvnptvVoYEL"])
    client: str = Field(examples=["Claude Code"])
    session_id: str = Field(
        examples=["s1"],
        description="the client's session, otherwise the thread's root, otherwise the interception's own id",
    )
    client_session_id: str | None = Field(examples=["s1"])
    agent_id: str | None = Field(examples=[None], description="as the client names it; null: the main agent")
    parent_agent_id: str | None = Field(examples=[None])
    thread_parent_id: UUID | None = Field(
        examples=[None], description="the interception whose tool call this one answers"
    )
    thread_root_id: UUID | None = Field(examples=[None], description="null on the root itself")
    correlating_tool_call_id: str | None = Field(examples=[None], description="the tool call whose result it carries")
    side_request: bool = Field(description="a background request of the client itself, such as making a title")
    streaming: bool = Field(examples=[True])
    credential_kind: CredentialKind
    credential_type: CredentialType
    credential_hint: str = Field(examples=["sk-a...mnop"])
    started_at: Moment
    ended_at: Moment
    time_to_first_byte_us: int | None = Field(
        examples=[420_000], description="microseconds from arrival to the first body byte"
    )
    outcome: Outcome
    status_code: int | None = Field(examples=[200], description="null: the client received nothing")
    error_type: ErrorType | None = Field(examples=[None])
    error_message: str | None = Field(examples=[None])
    partial: bool = Field(description="known to be incomplete: this is what was seen")
    unread: bool = Field(description="the request or the answer could not be read")
    mutations: list[str] = Field(
        examples=[["include_usage"]], description="empty: the provider received the client's exact bytes"
    )
    body_sha256_received: Sha256 | None
    body_sha256_sent: Sha256 | None
    notes: list[str] = Field(examples=[[]])
    not_captured: NotCaptured
    metadata: Metadata = Field(
        description="what else the client told, and `stop_reason` where the model did not simply finish: `refusal`, "
        "`max_tokens`, `content_filter`, … in the provider's words"
    )
    cost_micros: Cost
    token_usages: list[TokenUsage]
    user_prompts: list[UserPrompt]
    tool_usages: list[ToolUsage]
    model_thoughts: list[ModelThought]
    model_answers: list[ModelAnswer]
    tool_results: list[ToolResult]


class InterceptionPage(Shape):
    """A page of interceptions."""

    results: list[Interception]
    total: int = Field(examples=[1], description="how many match that the caller may see, on all pages")
    count: int = Field(examples=[1], description="the same number as `total`")


class Validation(Shape):
    """What is wrong with one field."""

    field: str = Field(examples=["limit"])
    detail: str = Field(examples=["Pagination limit must be in range (0, 1000]"])


class Problem(Shape):
    """Every error of this API."""

    message: str = Field(examples=["Invalid pagination limit value."])
    detail: str | None = Field(None, examples=["Pagination limit must be in range (0, 1000]"])
    validations: list[Validation] | None = None
