"""The public contract of sessions: the list's rows, and one session with its threads and their steps."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from aibridge.api.shapes import (
    Cost,
    Initiator,
    Metadata,
    ModelAnswer,
    Moment,
    NotCaptured,
    Shape,
    Tokens,
    ToolResult,
    ToolUsage,
)
from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome, ProviderType

SessionId = Annotated[
    str,
    Field(
        examples=["0b2cf0ae-54e1-4c1b-b1a0-7d1f3ad1a4b6"],
        description="the client's session, otherwise the thread's root, otherwise the interception's own id",
    ),
]
Sum = Annotated[int, Field(ge=0, examples=[1200])]
Count = Annotated[int, Field(ge=0, examples=[3])]
CostSum = Annotated[int, Field(ge=0, examples=[1555], description="micro-dollars, as far as there are prices")]
Unpriced = Annotated[
    int,
    Field(
        ge=0,
        examples=[0],
        description="interceptions with unpriced token usage, whose cost is not in the sum",
    ),
]
Microseconds = Annotated[int, Field(ge=0, examples=[2_150_000], description="microseconds")]
Model = Annotated[str, Field(examples=["claude-sonnet-4-5"])]
ProviderName = Annotated[str, Field(examples=["copilot-business"], description="the configured instance")]
Client = Annotated[str, Field(examples=["Claude Code"])]
Hint = Annotated[str, Field(examples=["sk-a...mnop"])]
Excerpt = Annotated[str | None, Field(examples=["Why is the build red?"], description="cut at 500 characters")]
AgentId = Annotated[str | None, Field(examples=[None], description="as the client names it; null: the main agent")]
TokenMetadata = Annotated[
    dict[str, int],
    Field(
        examples=[{"cache_creation.ephemeral_5m_input_tokens": 300}],
        description="every other integer that providers report about tokens, summed; nested keys joined with dots",
    ),
]


class TokenSums(Shape):
    """Tokens of a whole session; what is unknown counts nothing. Input excludes cache reads and writes."""

    input_tokens: Sum
    output_tokens: Sum
    cache_read_input_tokens: Sum
    cache_write_input_tokens: Sum


class TokenSumsInDetail(TokenSums):
    """The same with whatever else providers count."""

    metadata: TokenMetadata


class StepTokens(Shape):
    """Tokens of one step; null is unknown, 0 is zero."""

    input_tokens: Tokens
    output_tokens: Tokens
    cache_read_input_tokens: Tokens
    cache_write_input_tokens: Tokens
    metadata: TokenMetadata


class SessionHead(Shape):
    """What the list and the detail tell alike: all of the whole session of one initiator."""

    id: SessionId
    initiator: Initiator
    providers: list[ProviderType] = Field(description="the wire formats; sorted, as are the next two lists")
    provider_names: list[ProviderName]
    models: list[Model]
    client: Client = Field(description="of the first interception, as is the metadata")
    metadata: Metadata
    started_at: Moment
    ended_at: Moment
    last_active_at: Moment = Field(description="the latest prompt, otherwise the first start; lists are ordered by it")
    interceptions: Count
    tool_calls: Count
    failures: Count = Field(description="interceptions that failed, were truncated or interrupted")
    cost_micros: CostSum
    unpriced: Unpriced
    first_prompt: Excerpt
    last_prompt: Excerpt


class Session(SessionHead):
    """A session as the list shows it."""

    threads: Count = Field(
        description="those that began in this session; `thread_count` of the detail also has those whose beginning was "
        "removed or is of another session, and one for side requests that stand alone"
    )
    token_usage_summary: TokenSums


class SessionPage(Shape):
    """A page of sessions."""

    sessions: list[Session]
    total: int = Field(description="how many match that the caller may see, on all pages", examples=[1])
    count: int = Field(description="the same number as `total`", examples=[1])
    next: str | None = Field(
        description="the query string of the next page, to be put after `?`; null at the end",
        examples=["limit=1&after_session_id=s1&after_initiator_id=5f0c0b0e-7c1f-4a9e-9a43-2c8b64f0a3d1"],
    )


class Thought(Shape):
    """Something the model said about why it acts."""

    id: UUID
    source: str = Field(examples=["thinking", "reasoning", "reasoning_summary", "commentary"])
    text: str = Field(examples=["The log should name the failing test."])
    created_at: Moment


class Step(Shape):
    """One interception of a thread, with what was asked, thought and done in it."""

    id: UUID
    thread_parent_id: UUID | None = Field(description="the interception whose tool call this one answers")
    side_request: bool = Field(
        examples=[False], description="a background request of the client itself, such as making a title"
    )
    provider: ProviderType
    provider_name: ProviderName
    endpoint: str = Field(examples=["/v1/messages"])
    model: Model
    response_model: str = Field(examples=["claude-sonnet-4-5-20250929"], description="as the provider names it")
    client: Client
    agent_id: AgentId
    parent_agent_id: AgentId
    credential_kind: CredentialKind
    credential_type: CredentialType
    credential_hint: Hint
    started_at: Moment
    ended_at: Moment
    duration_us: Microseconds
    time_to_first_byte_us: int | None = Field(examples=[420_000], description="microseconds from arrival")
    outcome: Outcome
    status_code: int | None = Field(examples=[200], description="null: the client received nothing")
    error_type: ErrorType | None = Field(examples=[None])
    error_message: str | None = Field(examples=[None])
    partial: bool = Field(examples=[False], description="known to be incomplete: this is what was seen")
    unread: bool = Field(examples=[False], description="the request or the answer could not be read")
    mutations: list[str] = Field(
        examples=[["include_usage"]], description="empty: the provider received the client's exact bytes"
    )
    notes: list[str] = Field(examples=[[]])
    not_captured: NotCaptured
    prompt: str | None = Field(examples=["Why is the build red?"], description="what a person asked here, if anything")
    token_usage: StepTokens
    cost_micros: Cost
    unpriced: bool = Field(examples=[False], description="it used tokens that have no price")
    thinking: list[Thought] = Field(description="by (created_at, id), as are the tool calls")
    tool_calls: list[ToolUsage]
    model_answers: list[ModelAnswer]
    tool_results: list[ToolResult] = Field(description="what this step returned for the calls of earlier ones")


class StartedBy(Shape):
    """The tool call, of another thread, that started this subagent's thread."""

    thread_id: UUID
    interception_id: UUID
    tool_usage_id: UUID | None
    tool: str | None = Field(examples=["Task"])
    certainty: Literal["declared", "inferred"] = Field(
        description="`declared`: the client named it; `inferred`: texts or order fit"
    )


class Thread(Shape):
    """A root and what answers to it. From `prompt` to `parent_agent_id` all is the root's.

    Where the root is not on record, its earliest step stands in.
    """

    id: UUID
    prompt: str | None = Field(examples=["Why is the build red?"])
    model: Model
    provider: ProviderType
    provider_name: ProviderName
    client: Client
    credential_kind: CredentialKind
    credential_type: CredentialType
    credential_hint: Hint
    outcome: Outcome
    error_type: ErrorType | None = Field(examples=[None])
    error_message: str | None = Field(examples=[None])
    agent_id: AgentId
    parent_agent_id: AgentId
    started_by: StartedBy | None = Field(description="null: by a person, or not known")
    started_at: Moment
    ended_at: Moment
    interceptions: Count
    tool_calls: Count
    failures: Count
    token_usage: TokenSumsInDetail
    cost_micros: CostSum
    unpriced: Unpriced
    steps: list[Step] = Field(description="by (started_at, id)")


class SessionDetail(SessionHead):
    """A session with a page of its threads, in order of their starts."""

    thread_count: Count = Field(description="how many threads there are on all pages")
    token_usage_summary: TokenSumsInDetail
    page_started_at: Moment | None = Field(description="the earliest start on this page; null when it is empty")
    page_ended_at: Moment | None = Field(description="the latest end on this page; null when it is empty")
    threads: list[Thread]
