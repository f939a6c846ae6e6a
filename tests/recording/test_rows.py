"""From facts to rows: identity and times are added, every value is made storable, nothing else changes."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.recording import rows, weights
from aibridge.records import (
    CredentialKind,
    CredentialType,
    ErrorType,
    ModelAnswer,
    ModelThought,
    Outcome,
    ProviderType,
    ReplyFacts,
    RequestFacts,
    ThoughtSource,
    TokenUsage,
    ToolResult,
    ToolUsage,
)
from support.rows import NOON, at, prompt
from support.rows import begun as a_start

PROOF = rows.BodyProof(received="ab" * 32, sent="cd" * 32, mutations=("include_usage",))
ORIGIN = rows.Origin(
    initiator_id=uuid4(),
    api_token_id="token",
    gateway_id=uuid4(),
    provider=ProviderType.COPILOT,
    provider_name="copilot-business",
    endpoint="/responses",
    credential=rows.Credential(kind=CredentialKind.BYOK, type=CredentialType.SUBSCRIPTION, hint="ghu_...wxyz"),
)


def ids() -> Callable[[], UUID]:
    numbers = count(1)
    return lambda: UUID(int=next(numbers))


def begun(**facts: Any) -> Any:
    interception_id = UUID(int=99)
    return rows.begun(
        interception_id=interception_id,
        started_at=NOON,
        origin=ORIGIN,
        facts=RequestFacts(**facts),
        proof=PROOF,
        new_id=ids(),
    )


def finished(facts: ReplyFacts | None = None, **ending: Any) -> Any:
    told: dict[str, Any] = {"outcome": Outcome.COMPLETED, "status_code": 200} | ending
    start = a_start(ORIGIN.initiator_id, user_prompt=begun(prompt="p" * 600).user_prompt)
    return rows.finished(start, ended_at=at(2), ending=rows.Ending(**told), facts=facts or ReplyFacts(), new_id=ids())


def test_a_start_holds_who_asked_what_through_what() -> None:
    row = begun(model="m", stream=True, prompt="why?", client="Codex", client_session_id=" s ", agent_id="a")
    assert (row.id, row.initiator_id, row.api_token_id) == (UUID(int=99), ORIGIN.initiator_id, "token")
    assert (row.provider, row.provider_name, row.endpoint) == (ProviderType.COPILOT, "copilot-business", "/responses")
    assert (row.credential_kind, row.credential_type, row.credential_hint) == ("byok", "subscription", "ghu_...wxyz")
    assert (row.body_sha256_received, row.body_sha256_sent, row.mutations) == (
        PROOF.received,
        PROOF.sent,
        PROOF.mutations,
    )
    assert (row.client_session_id, row.agent_id, row.parent_agent_id) == ("s", "a", None)
    assert (row.user_prompt.prompt, row.user_prompt.created_at, row.user_prompt.id) == ("why?", NOON, UUID(int=1))
    assert row.notes == ()


def test_a_start_without_a_prompt_has_none() -> None:
    """An empty prompt is one all the same."""
    assert begun().user_prompt is None
    assert begun(prompt="").user_prompt.prompt == ""


def test_odd_values_of_a_start_are_noted_behind_the_dialects_notes() -> None:
    row = begun(model="m" * 600, prompt="\0", client_session_id="s" * 300, notes=("read with patience",))
    assert row.notes == (
        "read with patience",
        "model: cut at 512 bytes",
        "client_session_id: cut at 256 characters",
        "prompt: unstorable characters replaced by U+FFFD",
    )


def test_an_end_holds_the_facts_of_the_answer() -> None:
    facts = ReplyFacts(
        response_id="msg_1",
        model="m-2026",
        token_usage=TokenUsage(provider_response_id="msg_1", input=0, output=5, cache_read=None, metadata={"x": 1}),
        tool_usages=(
            ToolUsage(provider_response_id="msg_1", tool="ls", input="{}", provider_tool_call_id="t1"),
            ToolUsage(tool="web_search", input="", provider_item_id="ws_1", server_url="https://x/\0"),
        ),
        model_thoughts=(ModelThought(source=ThoughtSource.REASONING, content="hm"),),
        ended=True,
    )
    row = finished(facts, time_to_first_byte_us=1500, mutations=("include_usage_response",))
    usage = row.token_usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens) == (0, 5, None)
    first, second = row.tool_usages
    assert (first.tool, first.provider_tool_call_id, first.provider_item_id) == ("ls", "t1", None)
    assert (second.provider_tool_call_id, second.provider_item_id, second.server_url) == (
        None,
        "ws_1",
        "https://x/\ufffd",
    )
    assert (row.model_thoughts[0].source, row.model_thoughts[0].content) == ("reasoning", "hm")
    assert len({usage.id, first.id, second.id, row.model_thoughts[0].id}) == 4
    assert (row.outcome, row.provider_response_id, row.response_model) == (Outcome.COMPLETED, "msg_1", "m-2026")
    assert (row.prompt_excerpt, row.prompt_at) == ("p" * 500, NOON)


@pytest.mark.parametrize(
    "reason", ["refusal", "max_tokens", "pause_turn", "length", "content_filter", "max_output_tokens", "incomplete"]
)
def test_why_the_model_stopped_is_kept_where_it_did_not_simply_finish(reason: str) -> None:
    row = finished(ReplyFacts(stop_reason=reason, metadata={"x": 1}, ended=True))
    assert row.metadata == {"x": 1, "stop_reason": reason}
    long = finished(ReplyFacts(stop_reason="r" * 600, ended=True))
    assert (long.metadata, long.notes) == ({"stop_reason": "r" * 512}, ("stop_reason: cut at 512 bytes",))


@pytest.mark.parametrize("reason", ["", *rows.ORDINARY_STOPS])
def test_an_ordinary_stop_tells_nothing(reason: str) -> None:
    assert finished(ReplyFacts(stop_reason=reason, ended=True)).metadata == {}


def test_a_failure_is_told_by_its_outcome() -> None:
    assert finished(ReplyFacts(stop_reason="failed", failed=True, ended=True)).metadata == {}


@pytest.mark.parametrize(
    ("kind", "message", "stored"),
    [
        (ErrorType.TIMEOUT, "late", "late"),
        (ErrorType.UNKNOWN, "", None),
        (None, "a message without a type", None),
        (ErrorType.UNKNOWN, "x" * 2000, "x" * 1024),
    ],
)
def test_a_message_goes_with_a_type(kind: ErrorType | None, message: str, stored: str | None) -> None:
    row = finished(error_type=kind, error_message=message, outcome=Outcome.FAILED)
    assert (row.error_type, row.error_message) == (kind, stored)


def test_an_end_never_comes_before_its_start() -> None:
    """Also when the clock was set back meanwhile."""
    start = a_start(ORIGIN.initiator_id, started_at=at(10))
    ending = rows.Ending(outcome=Outcome.COMPLETED, status_code=200)
    row = rows.finished(start, ended_at=at(5), ending=ending, facts=ReplyFacts(), new_id=ids())
    assert row.ended_at == at(10)
    assert (row.token_usage, row.prompt_at, row.prompt_excerpt) == (None, None, None)


def test_a_reduced_start_keeps_identity_time_and_closed_sets() -> None:
    whole = begun(model="m", prompt="p", client_session_id="s", agent_id="a", metadata={"x": 1})
    reduced = weights.reduced_begun(whole)
    assert (reduced.id, reduced.initiator_id, reduced.started_at) == (whole.id, whole.initiator_id, whole.started_at)
    assert (reduced.model, reduced.user_prompt, reduced.client_session_id, reduced.metadata) == ("", None, None, {})
    assert reduced.notes == ("the database refused this record; only its outline was kept",)
    assert weights.begun_bytes(whole) == weights.begun_bytes(reduced) + 1


def test_a_reduced_end_keeps_the_outcome_and_says_so() -> None:
    facts = ReplyFacts(
        token_usage=TokenUsage(input=1),
        tool_usages=(ToolUsage(tool="ls", input="{}"),),
        model_thoughts=(ModelThought(source=ThoughtSource.THINKING, content="hm"),),
    )
    whole = finished(facts, outcome=Outcome.FAILED, error_type=ErrorType.TIMEOUT, error_message="late")
    reduced = weights.reduced_finished(whole)
    assert (reduced.outcome, reduced.ended_at, reduced.error_type) == (whole.outcome, whole.ended_at, whole.error_type)
    assert (reduced.error_message, reduced.token_usage, reduced.tool_usages, reduced.partial) == (None, None, (), True)
    assert weights.finished_bytes(whole) > weights.finished_bytes(reduced)


def test_rows_are_times_in_utc() -> None:
    assert begun().started_at.utcoffset() == timedelta(0)
    assert msgspec.json.encode(begun().started_at) == b'"2026-06-01T12:00:00Z"'


def test_a_start_is_shortened_to_what_its_end_needs() -> None:
    """An answer of many minutes does not hold the prompt that is written already; no prompt stays none."""
    long = a_start(uuid4(), user_prompt=prompt("x" * (rows.EXCERPT_CHARS + 1)))
    assert weights.is_long(long)
    short = weights.shortened(long)
    assert short.user_prompt is not None
    assert short.user_prompt.prompt == "x" * rows.EXCERPT_CHARS
    assert not weights.is_long(short)
    bare = a_start(uuid4())
    assert weights.shortened(bare) is bare


def test_answers_and_results_become_rows() -> None:
    """In their order, each with an id, storable."""
    results = (
        ToolResult(provider_tool_call_id="t" * 600, content="a\0"),
        ToolResult(provider_tool_call_id="", content="b"),
    )
    start = begun(tool_results=results, not_captured=("prompts",))
    assert [(len(each.provider_tool_call_id), each.content) for each in start.tool_results] == [
        (512, "a\ufffd"),
        (0, "b"),
    ]
    assert start.not_captured == ("prompts",)
    assert start.notes == (
        "provider_tool_call_id: cut at 512 bytes",
        "tool result: unstorable characters replaced by U+FFFD",
    )
    answers = (ModelAnswer(content="one", metadata={"incomplete": True}), ModelAnswer(content="\ud800"))
    end = finished(ReplyFacts(model_answers=answers, not_captured=("tools",)))
    assert [(each.content, each.metadata) for each in end.model_answers] == [
        ("one", {"incomplete": True}),
        ("\ufffd", {}),
    ]
    assert (end.not_captured, end.notes) == (("tools",), ("answer: unstorable characters replaced by U+FFFD",))
    assert len({each.id for each in (*start.tool_results, *end.model_answers)}) > 1


def test_answers_and_results_weigh_and_results_are_let_go() -> None:
    """They are not needed once their start is written; a batch counts the bytes of both."""
    bare, start = begun(), begun(tool_results=(ToolResult(provider_tool_call_id="t", content="x" * 500),))
    assert weights.begun_bytes(start) == weights.begun_bytes(bare) + 500 + weights.ROW_OVERHEAD
    assert weights.is_long(start)
    assert weights.shortened(start).tool_results == ()
    end = finished(ReplyFacts(model_answers=(ModelAnswer(content="z" * 500),)))
    assert weights.finished_bytes(end) == weights.finished_bytes(finished()) + 500 + weights.ROW_OVERHEAD
