"""What compatible vendors say elsewhere than OpenAI does, in streams and in plain answers alike."""

import json
from typing import Any

import pytest

from aibridge.dialects.openai_chat_answers import MAX_CHOICES
from aibridge.dialects.registry import OPENAI_CHAT, OPENAI_RESPONSES
from aibridge.records import ReplyFacts, ThoughtSource, TokenUsage
from support.answers import event, heard, pieces, plain, stream

DONE = "[DONE]"
HEAD = {"id": "c-1", "model": "m"}


def chunk(delta: dict[str, Any], finish: str | None = None, **others: Any) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **others}


def streamed(*deltas: dict[str, Any], finish: str = "stop") -> ReplyFacts:
    return heard(OPENAI_CHAT, stream(*map(chunk, deltas), chunk({}, finish), DONE))


def answered(message: dict[str, Any]) -> ReplyFacts:
    return plain(OPENAI_CHAT, {**HEAD, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


def thoughts(facts: ReplyFacts) -> list[str]:
    assert {thought.source for thought in facts.model_thoughts} <= {ThoughtSource.REASONING}
    return [thought.content for thought in facts.model_thoughts]


# ------------------------------------------------------------------ thoughts

SUMMARY = {"type": "reasoning.summary", "summary": "hm ", "index": 0}
TEXT = {"type": "reasoning.text", "text": "well", "signature": None}
SEALED = {"type": "reasoning.encrypted", "data": "gAAAA"}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "hm "}], "closed": True}
REASONING = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "well", "signature": "x"}]}


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "hm "}, {"reasoning_content": "well", "content": None}],
        [{"reasoning": "hm "}, {"reasoning": "well", "reasoning_content": ""}],
        [{"reasoning_text": "hm "}, {"reasoning_text": "well", "reasoning_opaque": "x"}, {"reasoning_opaque": "y"}],
        [{"cot_summary": "hm "}, {"cot_summary": "well"}, {"cot_id": "cot_1"}],
        [{"reasoning_details": [SUMMARY]}, {"reasoning_details": [TEXT, SEALED], "reasoning": None}],
        [{"reasoning": "hm ", "reasoning_details": [SUMMARY]}, {"reasoning": "well", "reasoning_details": [TEXT]}],
        [{"reasoning": "hm ", "reasoning_content": "hm "}, {"reasoning": "well", "reasoning_content": "well"}],
        [{"content": [THINKING]}, {"content": [REASONING, {"type": "text", "text": "Hi"}]}],
        [
            {"content": [{"type": "thinking", "thinking": "hm "}, 7]},
            {"content": [{"type": "reasoning", "text": "well"}]},
        ],
    ],
)
def test_thoughts_are_heard_wherever_they_are_told_and_once(deltas: list[dict[str, Any]]) -> None:
    assert thoughts(streamed(*deltas, {"content": "Hi"})) == ["hm well"]
    assert "".join(text for delta in deltas for text in thoughts(answered(delta))) == "hm well"


def told_answers(body: bytes, *, streaming: bool) -> ReplyFacts:
    listener = OPENAI_CHAT.listen(status=200, streaming=streaming, answers=True)
    for piece in pieces(body, 3):
        listener.hear(piece)
    listener.end()
    return listener.tell()


def test_a_thinking_part_is_no_part_of_the_answer() -> None:
    deltas: list[dict[str, Any]] = [{"content": [THINKING, {"type": "text", "text": "H"}]}, {"content": "i"}]
    facts = told_answers(stream(*map(chunk, deltas), chunk({}, "stop"), DONE), streaming=True)
    assert (thoughts(facts), [answer.content for answer in facts.model_answers]) == (["hm "], ["Hi"])


MARKED = {"extra_content": {"google": {"thought": True}}}


def test_marked_text_is_a_thought_without_its_tags() -> None:
    """Gemini: each piece of a thought is marked; the closing tag comes before the first words that are not."""
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": "<thought>hm ", **MARKED},
        {"content": "well", **MARKED},
        {"content": "</thought>H"},
        {"content": "i", "extra_content": None},
        {"extra_content": {"google": {"thought_signature": "x"}}},
    ]
    facts = told_answers(stream(*map(chunk, deltas), chunk({}, "stop"), DONE), streaming=True)
    assert (thoughts(facts), [answer.content for answer in facts.model_answers]) == (["hm well"], ["Hi"])
    assert thoughts(streamed(*deltas)) == ["hm well"]
    message = {"content": "<thought>hm well</thought>Hi", **MARKED}
    facts = told_answers(json.dumps({**HEAD, "choices": [{"message": message}]}).encode(), streaming=False)
    assert (thoughts(facts), [answer.content for answer in facts.model_answers]) == (["hm well"], ["Hi"])


def test_a_tag_that_is_not_marked_is_text() -> None:
    assert (
        thoughts(answered({"content": "<thought>hm</thought>", "extra_content": {"google": {"thought": False}}})) == []
    )
    facts = told_answers(stream(chunk({"content": "</thought>Hi"}), chunk({}, "stop"), DONE), streaming=True)
    assert [answer.content for answer in facts.model_answers] == ["</thought>Hi"]


def test_what_is_said_aloud_is_an_answer() -> None:
    deltas = [{"audio": {"id": "a", "transcript": "H"}}, {"audio": {"transcript": "i"}}, {"audio": {"data": "AAAA"}}]
    facts = told_answers(stream(*map(chunk, deltas), chunk({}, "stop"), DONE), streaming=True)
    assert [(answer.content, answer.metadata) for answer in facts.model_answers] == [("Hi", {})]


def test_tools_that_the_provider_ran_are_calls_without_an_id() -> None:
    """Groq tells each of them twice in a stream; the second time it has its result."""
    begun = {"index": 0, "type": "search", "name": None, "arguments": '{"query":"x"}'}
    visit = {"index": 1, "type": "visit", "name": "visit_website", "arguments": ""}
    deltas: list[dict[str, Any]] = [
        {"executed_tools": [begun]},
        {"executed_tools": [{**begun, "output": "found"}]},
        {"executed_tools": [visit]},
        {"executed_tools": [{**visit, "arguments": "{}", "output": "seen"}, 7]},
    ]
    expected = [("search", '{"query":"x"}', None), ("visit_website", "{}", None)]
    for facts in (streamed(*deltas), answered({"executed_tools": [begun, {**visit, "arguments": "{}"}]})):
        assert [(call.tool, call.input, call.provider_tool_call_id) for call in facts.tool_usages] == expected


# ------------------------------------------------------------------ usage


def usage_of(usage: dict[str, Any]) -> TokenUsage:
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop", usage=usage), DONE))
    assert facts.token_usage is not None
    assert facts.notes == ()
    return facts.token_usage


def figures(usage: TokenUsage | None) -> tuple[int | None, ...]:
    assert usage is not None
    return usage.input, usage.output, usage.cache_read, usage.cache_write


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ({"prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40}, (40, 5, 60, None)),
        ({"prompt_cache_hit_tokens": 60, "prompt_tokens_details": {"cached_tokens": 60}}, (40, 5, 60, None)),
        ({"cached_tokens": 60}, (40, 5, 60, None)),
        ({"cached_tokens": 0}, (100, 5, 0, None)),
        ({"num_cached_tokens": 60, "prompt_tokens_details": {"cached_tokens": 60}}, (40, 5, 60, None)),
        ({"prompt_tokens_details": {"cached_tokens": 60}, "cache_creation_input_tokens": 30}, (10, 5, 60, 30)),
        ({"cache_read_input_tokens": 60, "cache_creation_input_tokens": 30}, (10, 5, 60, 30)),
        ({"prompt_tokens_details": {"cached_tokens": 60, "cache_creation_tokens": 30}}, (10, 5, 60, 30)),
        ({"prompt_tokens_details": {"cached_tokens": 60, "cache_creation_input_tokens": 30}}, (10, 5, 60, 30)),
        ({"prompt_tokens_details": {"cached_tokens": 60, "caching_tokens": 30}}, (10, 5, 60, 30)),
        ({"prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 0}}, (40, 5, 60, 0)),
        ({"prompt_tokens_details": None, "cached_tokens": None}, (100, 5, None, None)),
    ],
)
def test_cached_tokens_are_known_by_any_name_and_counted_once(
    told: dict[str, Any], known: tuple[int | None, ...]
) -> None:
    total = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
    usage = usage_of(total | told)
    assert figures(usage) == known
    assert set(usage.metadata) <= {"total_tokens", "prompt_cache_miss_tokens"}


@pytest.mark.parametrize("total", [75, 15, None])
def test_cached_tokens_beside_the_total_are_not_taken_out_of_it(total: int | None) -> None:
    """There are more of them than of all input, so they cannot be part of it."""
    usage = usage_of({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 60, "total_tokens": total})
    assert figures(usage) == (10, 5, 60, None)


def test_a_total_that_needs_the_cached_tokens_says_that_they_are_no_part_of_the_input() -> None:
    beside = {"cache_read_input_tokens": 20, "cache_creation_input_tokens": 30}
    usage = usage_of({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 155, **beside})
    assert figures(usage) == (100, 5, 20, 30)


def test_reasoning_beside_the_output_is_output() -> None:
    """As xAI counts it, and bills it: its total says so. The provider's own figure is kept."""
    usage = usage_of(
        {
            "prompt_tokens": 307,
            "completion_tokens": 26,
            "total_tokens": 560,
            "prompt_tokens_details": {"cached_tokens": 227},
            "completion_tokens_details": {"reasoning_tokens": 227},
        }
    )
    assert figures(usage) == (80, 253, 227, None)
    assert usage.metadata["completion_tokens"] == 26
    assert usage.metadata["completion_tokens_details"] == {"reasoning_tokens": 227}


def test_reasoning_within_the_output_is_counted_once() -> None:
    within = {"prompt_tokens": 307, "completion_tokens": 253, "total_tokens": 560}
    usage = usage_of({**within, "completion_tokens_details": {"reasoning_tokens": 227}})
    assert figures(usage) == (307, 253, None, None)
    assert "completion_tokens" not in usage.metadata
    assert figures(usage_of({**within, "reasoning_tokens": 227})) == (307, 253, None, None)


def test_a_total_that_nothing_explains_is_noted() -> None:
    unexplained = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 120}
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop", usage=unexplained), DONE))
    assert figures(facts.token_usage) == (7, 5, None, None)
    assert facts.notes == ("the provider's total counts more tokens than it tells of input and output",)


def test_more_reasoning_than_output_is_noted() -> None:
    told = {"prompt_tokens": 28, "completion_tokens": 9, "total_tokens": 37}
    usage = {**told, "completion_tokens_details": {"reasoning_tokens": 67}}
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop", usage=usage), DONE))
    assert figures(facts.token_usage) == (28, 9, None, None)
    assert facts.notes == ("the provider tells of more reasoning than output",)


USED = {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21}


@pytest.mark.parametrize(
    "last",
    [
        chunk({}, "stop", x_groq={"id": "req", "usage": USED}),
        chunk({}, "stop", x_groq={"id": "req", "usage": USED}, usage=USED),
        {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USED}]},
        chunk({}, "stop", usage=USED, x_groq={"id": "req"}),
    ],
)
def test_usage_is_found_wherever_a_vendor_puts_it(last: dict[str, Any]) -> None:
    facts = heard(OPENAI_CHAT, stream(chunk({"content": "a"}, x_groq={"id": "req"}), last, DONE))
    assert facts.token_usage == TokenUsage(
        provider_response_id="c-1", input=20, output=1, metadata={"total_tokens": 21}
    )


def test_a_usage_without_figures_says_nothing_about_those_before() -> None:
    nothing = {"total_tokens": 0, "total_characters": 0}
    events = [chunk({"content": "a"}, usage=nothing), chunk({}, "stop", usage=USED), chunk({}, usage=nothing)]
    assert figures(heard(OPENAI_CHAT, stream(*events, DONE)).token_usage) == (20, 1, None, None)


def test_fractions_are_kept_among_the_extra_counters() -> None:
    """Seconds and dollars, under the provider's names."""
    usage = usage_of({**USED, "queue_time": 0.25, "cost": 2.0, "cost_details": {"upstream": 1.5e-05}})
    assert usage.metadata == {"total_tokens": 21, "queue_time": 0.25, "cost": 2, "cost_details": {"upstream": 1.5e-05}}


def test_figures_of_the_other_api_are_figures_too() -> None:
    told = {"input_tokens": 20, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 5}}
    assert figures(usage_of(told)) == (15, 1, 5, None)
    assert figures(usage_of({"input_tokens": 20, "output_tokens": 1, "cache_read_input_tokens": 5})) == (20, 1, 5, None)


def test_the_responses_api_counts_the_same_way() -> None:
    usage = {"input_tokens": 307, "output_tokens": 26, "total_tokens": 560, "cached_tokens": 7}
    answer = {"id": "r", "usage": {**usage, "output_tokens_details": {"reasoning_tokens": 227}}}
    assert figures(plain(OPENAI_RESPONSES, answer).token_usage) == (300, 253, 7, None)


# ------------------------------------------------------------------ errors

REFUSED = {"code": 502, "message": "no"}


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (
            {**HEAD, "error": REFUSED, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]},
            "502",
        ),
        ({**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": REFUSED}]}, "502"),
        (chunk({}, x_groq={"id": "req", "error": "no"}), ""),
        ({"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": 400}, "400"),
        ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "no"}}, "1002"),
        ({"code": "invalid", "error": "no"}, "invalid"),
    ],
)
def test_an_error_is_found_wherever_a_vendor_puts_it(last: dict[str, Any], code: str) -> None:
    facts = heard(OPENAI_CHAT, stream(chunk({"content": "a"}), last, DONE))
    assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (True, True, code, "no")


def test_an_error_in_a_choice_of_a_plain_answer_failed() -> None:
    message = {"role": "assistant", "content": "a"}
    facts = plain(OPENAI_CHAT, {**HEAD, "choices": [{"message": message, "finish_reason": "error", "error": REFUSED}]})
    assert (facts.failed, facts.error_code, facts.error_message, facts.stop_reason) == (True, "502", "no", "error")


@pytest.mark.parametrize("nothing", [None, {}, "", {"code": "", "message": "", "type": None}])
def test_an_empty_error_is_none(nothing: object) -> None:
    facts = heard(OPENAI_CHAT, stream(chunk({"content": "a"}, error=nothing), chunk({}, "stop"), DONE))
    assert (facts.ended, facts.failed, facts.stop_reason) == (True, False, "stop")


def test_no_error_is_told_by_a_status_of_zero() -> None:
    fine = {
        **HEAD,
        "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}],
        "base_resp": {"status_code": 0},
    }
    assert not plain(OPENAI_CHAT, fine).failed


@pytest.mark.parametrize("reason", ["error", "network_error", "insufficient_system_resource"])
def test_an_answer_that_ends_because_it_failed_need_not_say_more(reason: str) -> None:
    """And what comes behind it is heard, since it is no end of the stream."""
    used = {**HEAD, "choices": [], "usage": USED}
    facts = heard(OPENAI_CHAT, stream(chunk({"content": "a"}), chunk({}, reason), used, DONE))
    assert (facts.ended, facts.failed, facts.stop_reason, facts.error_code) == (True, True, reason, reason)
    assert reason in facts.error_message
    assert figures(facts.token_usage) == (20, 1, None, None)


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        (event({"error": REFUSED}, "error"), "502", "no"),
        (event({"message": "no", "code": 500}, "error"), "500", "no"),
        (event("no", "error"), "", "no"),
        (b'error: {"code":400,"message":"no","type":"invalid_request_error"}\n\n', "400", "no"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_an_event_that_is_called_error_is_one(written: bytes, code: str, message: str, seed: int) -> None:
    """llama.cpp wrote a field of that name, up to 2025."""
    whole = stream(chunk({"content": "a"})) + written + event(DONE)
    facts = heard(OPENAI_CHAT, pieces(whole, seed))
    assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (True, True, code, message)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "400", "no"),
        ({"object": "error", "message": "no", "type": "BadRequestError", "code": 400}, "400", "no"),
        ({"object": "error", "message": {"detail": [{"msg": "no"}]}}, "", '{"detail":[{"msg":"no"}]}'),
        ({"detail": [{"loc": ["body"], "msg": "no"}]}, "", '[{"loc":["body"],"msg":"no"}]'),
        ({"success": False, "errors": [{"code": 7, "message": "no"}]}, "", '[{"code":7,"message":"no"}]'),
        ({"code": "invalid argument", "error": "no"}, "invalid argument", "no"),
        ([], "", ""),
        (["no"], "", ""),
    ],
)
def test_an_error_page_is_read_in_any_envelope(body: Any, code: str, message: str) -> None:
    facts = plain(OPENAI_CHAT, body, status=400)
    assert (facts.failed, facts.error_code, facts.error_message) == (True, code, message)


# ------------------------------------------------------------------ content types that are not what they say

CALLED = {"tool_calls": [{"id": "call_1", "function": {"name": "ls", "arguments": "{}"}}]}
WHOLE = {**HEAD, "choices": [{"message": CALLED, "finish_reason": "stop"}], "usage": USED}


def test_a_plain_answer_that_is_called_a_stream_is_read() -> None:
    written = json.dumps(WHOLE).encode()
    facts = heard(OPENAI_CHAT, pieces(b"\n" + written, 1))
    assert (facts.response_id, facts.ended, facts.stop_reason) == ("c-1", True, "stop")
    assert figures(facts.token_usage) == (20, 1, None, None)
    assert [(call.tool, call.input) for call in facts.tool_usages] == [("ls", "{}")]
    failed = heard(OPENAI_CHAT, b'[{"error":{"code":429,"message":"no"}}]\n')
    assert (failed.failed, failed.error_code, failed.error_message) == (True, "429", "no")


def test_a_message_behind_its_deltas_doubles_nothing() -> None:
    """Perplexity repeats what was said so far, in every event; others at the end."""
    delta = {"reasoning": "hm", "tool_calls": [{"index": 0, **CALLED["tool_calls"][0]}]}
    message = {**CALLED, "reasoning": "hm"}
    both = {**HEAD, "choices": [{"index": 0, "delta": delta, "message": message}]}
    last = {**HEAD, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    facts = heard(OPENAI_CHAT, stream(both, last, DONE))
    assert (thoughts(facts), [call.tool for call in facts.tool_usages]) == (["hm"], ["ls"])


@pytest.mark.parametrize("before", [b"", b": PROCESSING\n\n", b"\n"])
def test_a_stream_that_is_called_something_else_is_read(before: bytes) -> None:
    whole = before + stream(chunk({"content": "a"}), chunk({}, "stop", usage=USED), DONE)
    facts = plain(OPENAI_CHAT, whole)
    assert (facts.response_id, facts.ended, facts.unread, facts.stop_reason) == ("c-1", True, False, "stop")
    assert figures(facts.token_usage) == (20, 1, None, None)


@pytest.mark.parametrize("before", [b"\n      \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
@pytest.mark.parametrize("model", [b'"m"', b'"\\ud800"', b"NaN"])
def test_white_space_before_a_plain_answer_is_none_of_it(before: bytes, model: bytes) -> None:
    """OpenRouter sends it while the model thinks. What only a patient reader reads makes no difference."""
    body = before + json.dumps(WHOLE).encode().replace(b'"m"', model)
    facts = plain(OPENAI_CHAT, body)
    assert (facts.response_id, facts.unread, facts.stop_reason) == ("c-1", False, "stop")
    assert figures(facts.token_usage) == (20, 1, None, None)


@pytest.mark.parametrize("body", [b"data: [DONE]\n\n", b"data: no\n\n", b": no", b"[]", b"no: stream"])
def test_what_says_nothing_is_unread(body: bytes) -> None:
    assert plain(OPENAI_CHAT, body).unread


@pytest.mark.parametrize("seed", range(5))
def test_events_without_blank_lines_between_them_are_events(seed: int) -> None:
    delta = {"tool_calls": [{"index": 0, **CALLED["tool_calls"][0]}]}
    whole = stream(chunk({"content": "a"}), chunk(delta), chunk({}, "tool_calls", usage=USED), DONE)
    facts = heard(OPENAI_CHAT, pieces(whole.replace(b"\n\n", b"\n"), seed))
    assert (facts.ended, facts.stop_reason, facts.notes) == (True, "tool_calls", ())
    assert [(call.tool, call.input) for call in facts.tool_usages] == [("ls", "{}")]
    assert figures(facts.token_usage) == (20, 1, None, None)


def test_one_event_may_be_written_in_several_lines() -> None:
    written = "".join(f"data: {line}\n" for line in json.dumps(WHOLE, indent=1).splitlines()) + "\n"
    assert heard(OPENAI_CHAT, written.encode()).response_id == "c-1"


def test_arguments_that_were_cut_are_not_taken_for_their_last_piece() -> None:
    """A piece may be a whole object by itself."""
    parts = [{"index": 0, "function": {"arguments": piece}} for piece in ('{"a":', "{}")]
    first = {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": ""}}
    cut = stream(*[chunk({"tool_calls": [part]}) for part in (first, *parts)])
    (call,) = heard(OPENAI_CHAT, cut, ends=False).tool_usages
    assert (call.input, call.metadata) == ('{"a":{}', {"incomplete": True})


def test_no_more_choices_are_kept_than_openai_gives() -> None:
    many = [{**HEAD, "choices": [{"index": at, "delta": {"reasoning": "hm"}}]} for at in range(MAX_CHOICES + 1)]
    assert thoughts(heard(OPENAI_CHAT, stream(*many), ends=False)) == ["hm"] * MAX_CHOICES
