import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.dialects.openai_chat_answers import ChatStream
from aibridge.dialects.registry import OPENAI_CHAT
from aibridge.records import ModelThought, ReplyFacts, ThoughtSource, TokenUsage, ToolUsage
from support.answers import event, heard, listening, pieces, plain, stream

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x", "service_tier": None}
USAGE = {
    "prompt_tokens": 7146,
    "completion_tokens": 77,
    "total_tokens": 7223,
    "prompt_tokens_details": {"cached_tokens": 6789, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
DONE = "[DONE]"


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0, **others: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {**HEAD, "choices": [choice], "usage": None, "obfuscation": "xYz1", **others}


def call(index: int | None, arguments: Any = None, **begin: Any) -> dict[str, Any]:
    function = {"name": begin.pop("name", None), "arguments": arguments}
    told = {name: given for name, given in function.items() if given is not None}
    return {"tool_calls": [{**({} if index is None else {"index": index}), **begin, "function": told}]}


def text(content: str) -> dict[str, Any]:
    return chunk({"content": content})


USED = {**HEAD, "choices": [], "usage": USAGE}
WHOLE = stream(
    chunk({"role": "assistant", "content": "", "refusal": None}),
    chunk({"reasoning_content": "Let me "}),
    chunk({"reasoning_content": "see ☕"}),
    text("I run"),
    text(' "tool_calls":[{ \\ \n'),
    text(' it. "finish_reason":"stop" ☃'),
    chunk(call(1, "", id="call_1", type="function", name="bash")),
    chunk(call(1, '{"cmd":')),
    chunk(call(2, '{"cmd":"pwd"}', id="call_2", type="function", name="bash")),
    chunk(call(1, '"ls"}')),
    chunk({}, "tool_calls"),
    USED,
    DONE,
)


def usage(call_id: str, arguments: str, **others: Any) -> ToolUsage:
    return ToolUsage(
        provider_response_id="chatcmpl-1", tool="bash", input=arguments, provider_tool_call_id=call_id, **others
    )


FACTS = ReplyFacts(
    response_id="chatcmpl-1",
    model="gpt-x",
    token_usage=TokenUsage(
        provider_response_id="chatcmpl-1",
        input=357,
        output=77,
        cache_read=6789,
        metadata={
            "total_tokens": 7223,
            "prompt_tokens_details": {"audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 20},
        },
    ),
    tool_usages=(usage("call_1", '{"cmd":"ls"}'), usage("call_2", '{"cmd":"pwd"}')),
    model_thoughts=(ModelThought(source=ThoughtSource.REASONING, content="Let me see ☕"),),
    ended=True,
    stop_reason="tool_calls",
)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("seed", range(60))
def test_a_stream_tells_the_same_however_it_is_cut(line_end: bytes, seed: int) -> None:
    assert heard(OPENAI_CHAT, pieces(WHOLE.replace(b"\n", line_end), seed)) == FACTS


def test_a_stream_cut_in_two_anywhere_tells_the_same() -> None:
    for at in range(len(WHOLE)):
        assert heard(OPENAI_CHAT, [WHOLE[:at], WHOLE[at:]]) == FACTS


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_it_ends_exactly_with_the_line_of_done(line_end: bytes) -> None:
    whole = WHOLE.replace(b"\n", line_end)
    listener = listening(OPENAI_CHAT, [])
    for at in range(len(whole) - len(line_end)):
        assert not listener.terminal
        listener.hear(whole[at : at + 1])
    assert listener.terminal
    listener.hear(whole[-len(line_end) :])
    listener.hear(event(USED))
    assert listener.tell() == FACTS


def test_done_in_a_text_or_a_comment_is_no_end() -> None:
    begun = listening(OPENAI_CHAT, stream(text("a")) + b": [DONE]\n")
    assert not begun.terminal
    assert not listening(OPENAI_CHAT, stream(text("[DONE]"))).terminal
    assert not listening(OPENAI_CHAT, event(json.dumps(text("a")) + "\ndata: [DONE]")[:-1]).terminal


class EveryEventIsRead(ChatStream):
    """The same listener without the art of passing over."""

    def _may_pass_over(self) -> bool:
        return False


chunks = st.builds(
    lambda head, delta, finish, more, layout: json.dumps(
        {**head, "choices": [{"index": more.pop("index", 0), "delta": delta, **finish}], **more}, **layout
    ),
    head=st.sampled_from([HEAD, {"id": "x"}, {"model": "m"}, {"error": None, **HEAD}, {}]),
    delta=st.dictionaries(
        st.sampled_from(
            [
                "content",
                "reasoning",
                "reasoning_content",
                "tool_calls",
                "role",
                "refusal",
                "function_call",
                "extra_content",
            ]
        ),
        st.sampled_from(["", "x", 'quo"te\\', None, [{"index": 0, "function": {"arguments": "z"}}], "assistant"]),
    ),
    finish=st.sampled_from(
        [{}, {"finish_reason": None, "native_finish_reason": None}, {"finish_reason": "stop"}, {"logprobs": None}]
    ),
    more=st.fixed_dictionaries(
        {},
        optional={
            "usage": st.sampled_from([None, USAGE]),
            "index": st.sampled_from([0, 1]),
            "obfuscation": st.just("abc"),
            "error": st.sampled_from([None, "no", {"message": "no"}]),
        },
    ),
    layout=st.sampled_from([{"separators": (",", ":")}, {}]),
)


@given(st.lists(chunks, max_size=12), st.integers(0, 1000))
def test_passing_over_text_costs_no_fact(parts: list[str], seed: int) -> None:
    begun = event(json.dumps(chunk({"role": "assistant", "content": ""}), separators=(",", ":")))
    whole = begun + stream(*parts, DONE)
    reference = EveryEventIsRead()
    reference.hear(whole)
    assert heard(OPENAI_CHAT, pieces(whole, seed)) == reference.tell()


def test_the_first_event_need_not_name_the_response() -> None:
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": []}
    nameless = [{**text("x"), "id": "", "model": ""} for _ in range(3)]
    facts = heard(OPENAI_CHAT, stream(first, *nameless, text("a"), chunk({}, "stop"), DONE))
    assert (facts.response_id, facts.model, facts.stop_reason) == ("chatcmpl-1", "gpt-x", "stop")


def test_a_vendor_that_names_nothing_is_heard_to_the_end() -> None:
    nameless = [{"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": None}]}] * 20
    facts = heard(OPENAI_CHAT, stream(*nameless, {"choices": [], "usage": USAGE}, DONE))
    assert facts.token_usage is not None
    assert (facts.response_id, facts.token_usage.input, facts.ended) == ("", 357, True)


def test_without_usage_nothing_is_made_up() -> None:
    facts = heard(OPENAI_CHAT, stream(chunk({"content": "a"}), chunk({}, "stop"), DONE))
    assert (facts.token_usage, facts.ended) == (None, True)


def test_cumulative_usage_counts_once() -> None:
    growing = [chunk({"content": "a"}, usage={"prompt_tokens": 5, "completion_tokens": n}) for n in (1, 2, 3)]
    last = chunk({}, "stop", usage={"prompt_tokens": 5, "completion_tokens": 4})
    facts = heard(OPENAI_CHAT, stream(*growing, last, DONE))
    assert facts.token_usage == TokenUsage(provider_response_id="chatcmpl-1", input=5, output=4)


def test_the_tier_is_kept_where_it_is_not_the_standard_one() -> None:
    """It decides what the tokens cost, and stands in every event."""
    for tier, told in (("flex", "flex"), ("default", None)):
        said = chunk({"content": "hi"}, "stop", service_tier=tier)
        last = {**HEAD, "choices": [], "usage": USAGE, "service_tier": tier}
        answer = {**HEAD, "choices": [{"index": 0, "message": {"content": "hi"}}], "usage": USAGE, "service_tier": tier}
        for facts in (heard(OPENAI_CHAT, stream(said, last, DONE)), plain(OPENAI_CHAT, answer)):
            assert facts.token_usage is not None
            assert facts.token_usage.metadata.get("service_tier") == told


def test_zero_is_zero() -> None:
    none = {"prompt_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}}
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop", usage=none), DONE))
    assert facts.token_usage == TokenUsage(provider_response_id="chatcmpl-1", input=0, output=0, cache_read=0)


def test_cache_writes_are_no_input_either() -> None:
    told = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30}}
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop", usage=told), DONE))
    assert facts.token_usage == TokenUsage(provider_response_id="chatcmpl-1", input=10, cache_read=60, cache_write=30)


def test_input_is_never_below_zero() -> None:
    told = {"prompt_tokens": 60, "prompt_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 20}}
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop", usage=told), DONE))
    assert facts.token_usage is not None
    assert facts.token_usage.input == 0


def test_usage_that_stood_alone_is_final_even_when_the_end_is_cut() -> None:
    facts = heard(OPENAI_CHAT, stream(chunk({}, "stop"), USED), ends=False)
    assert facts.token_usage is not None
    assert (facts.ended, facts.token_usage.partial) == (False, False)


def test_a_cut_stream_is_partial_and_its_calls_incomplete() -> None:
    begun = chunk(call(0, '{"cmd', id="call_1", name="bash"))
    facts = heard(OPENAI_CHAT, stream(begun))
    assert facts.ended is False
    assert facts.token_usage == TokenUsage(provider_response_id="chatcmpl-1", partial=True)
    assert facts.tool_usages == (usage("call_1", '{"cmd', metadata={"incomplete": True}),)


def test_a_vendor_without_done_ends_with_its_body() -> None:
    whole = stream(chunk({"content": "a"}), chunk({}, "stop", usage=USAGE))
    ended, cut = heard(OPENAI_CHAT, whole), heard(OPENAI_CHAT, whole, ends=False)
    assert ended.token_usage is not None
    assert cut.token_usage is not None
    assert (ended.ended, ended.token_usage.partial, cut.ended, cut.token_usage.partial) == (True, False, False, True)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "no", "type": "server_error"}, "server_error"),
        ({"message": "no", "type": "server_error", "code": "rate_limit_exceeded"}, "rate_limit_exceeded"),
        ({"message": "no", "code": 502}, "502"),
        ("no", ""),
    ],
)
def test_an_error_ends_the_stream_as_failed(error: Any, code: str) -> None:
    facts = heard(OPENAI_CHAT, stream(text("a"), text("b"), {"error": error}, DONE))
    assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (True, True, code, "no")
    assert facts.token_usage == TokenUsage(provider_response_id="chatcmpl-1", partial=True)


def test_calls_of_one_index_are_told_apart_by_their_ids() -> None:
    first = chunk(call(0, "{}", id="call_1", name="bash"))
    again = chunk(call(0, "", id="call_1", name="bash"))
    second = chunk(call(0, '{"a":1}', id="call_2", name="bash"))
    facts = heard(OPENAI_CHAT, stream(first, again, second, chunk({}, "tool_calls"), DONE))
    assert facts.tool_usages == (usage("call_1", "{}"), usage("call_2", '{"a":1}'))


def test_calls_without_index_and_with_an_object_as_arguments() -> None:
    first = chunk(call(None, {"a": [1]}, id="call_1", name="bash"))
    facts = heard(OPENAI_CHAT, stream(first, chunk({}, "tool_calls"), DONE))
    assert facts.tool_usages == (usage("call_1", '{"a":[1]}'),)


def test_calls_without_index_and_id_are_told_apart_by_their_places() -> None:
    both = {"tool_calls": [{"id": "", "function": {"name": name, "arguments": "{"}} for name in ("bash", "read")]}
    more = {"tool_calls": [{"function": {"arguments": f'"{place}":1}}'}} for place in ("a", "b")]}
    facts = heard(OPENAI_CHAT, stream(chunk(both), chunk(more), chunk({}, "tool_calls"), DONE))
    assert [(call.tool, call.input) for call in facts.tool_usages] == [("bash", '{"a":1}'), ("read", '{"b":1}')]


def test_a_call_without_index_and_id_that_names_its_function_anew_is_another() -> None:
    """Vendors that tell neither send each call in one piece."""
    calls = [chunk({"tool_calls": [{"function": {"name": "bash", "arguments": f'{{"n":{n}}}'}}]}) for n in (1, 2)]
    facts = heard(OPENAI_CHAT, stream(*calls, chunk({}, "tool_calls"), DONE))
    assert [(call.tool, call.input) for call in facts.tool_usages] == [("bash", '{"n":1}'), ("bash", '{"n":2}')]


def test_custom_and_legacy_calls_are_calls() -> None:
    custom: dict[str, Any] = {
        "tool_calls": [{"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "bash", "input": "l"}}]
    }
    more = {"tool_calls": [{"index": 0, "custom": {"input": "s"}}]}
    legacy: list[dict[str, Any]] = [
        {"function_call": {"name": "old", "arguments": "{"}},
        {"function_call": {"arguments": "}"}},
    ]
    facts = heard(OPENAI_CHAT, stream(*[chunk(delta) for delta in (custom, more, *legacy)], chunk({}, "stop"), DONE))
    assert facts.tool_usages[0] == usage("call_1", "ls")
    assert (facts.tool_usages[1].tool, facts.tool_usages[1].input) == ("old", "{}")
    assert facts.tool_usages[1].provider_tool_call_id is None


def test_every_choice_has_its_own_calls_and_thoughts() -> None:
    whole = stream(
        chunk({"reasoning": "one"}),
        chunk({"reasoning": "two"}, index=1),
        chunk(call(0, "{}", id="call_1", name="bash"), index=1),
        chunk({}, "stop"),
    )
    facts = heard(OPENAI_CHAT, whole)
    assert [thought.content for thought in facts.model_thoughts] == ["one", "two"]
    assert facts.tool_usages == (usage("call_1", "{}", metadata={"incomplete": True}),)
    assert facts.stop_reason == "stop"


def test_events_that_make_no_sense_are_passed_over() -> None:
    nonsense = [{"choices": [7]}, {"choices": {}}, {"usage": 7}, [], 7, "not json", {"choices": [{"index": []}]}]
    facts = heard(OPENAI_CHAT, stream(*nonsense, chunk({"tool_calls": [7], "reasoning": 7}), USED, DONE))
    assert facts.token_usage == FACTS.token_usage
    assert len(facts.notes) == 1


def test_an_answer_without_end_is_not_gathered_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aibridge.dialects.listening.MAX_BODY", 20_000)
    endless = [chunk({"reasoning": "x" * 100})] * 1000
    facts = heard(OPENAI_CHAT, stream(*endless, chunk({}, "stop"), USED, DONE))
    assert len(facts.model_thoughts[0].content) < 20_000
    assert (facts.token_usage, facts.stop_reason) == (FACTS.token_usage, "stop")
    assert len(facts.notes) == 1


# ------------------------------------------------------------------ plain answers


def test_a_plain_answer_tells_the_same() -> None:
    calls = [
        {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": '{"cmd":"ls"}'}},
        {"id": "call_2", "type": "function", "function": {"name": "bash", "arguments": '{"cmd":"pwd"}'}},
    ]
    message = {"role": "assistant", "content": "I run", "reasoning_content": "Let me see ☕", "tool_calls": calls}
    answer = {**HEAD, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "usage": USAGE}
    assert plain(OPENAI_CHAT, answer) == FACTS


def test_parallel_calls_of_a_plain_answer_have_no_index() -> None:
    calls = [{"id": f"call_{n}", "function": {"name": "bash", "arguments": str(n)}} for n in (1, 2, 3)]
    answer = {**HEAD, "choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    assert plain(OPENAI_CHAT, answer).tool_usages == tuple(usage(f"call_{n}", str(n)) for n in (1, 2, 3))


def test_an_error_of_a_good_status_failed_all_the_same() -> None:
    facts = plain(OPENAI_CHAT, {"error": {"message": "no", "code": 502}})
    assert (facts.failed, facts.error_code, facts.error_message, facts.token_usage) == (True, "502", "no", None)


def test_a_good_status_with_a_bad_body_is_unread() -> None:
    assert plain(OPENAI_CHAT, b"data: [DONE]\n\n").unread


@pytest.mark.parametrize("identity", [{}, {"id": ""}, {"id": "call"}])
def test_parallel_calls_of_a_plain_answer_need_no_ids(identity: dict[str, str]) -> None:
    """Compatible vendors give none, or all the same: they are calls of different tools all the same."""
    calls = [{**identity, "function": {"name": name, "arguments": "{}"}} for name in ("read", "write")]
    answer = {**HEAD, "choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    assert [(call.tool, call.input) for call in plain(OPENAI_CHAT, answer).tool_usages] == [
        ("read", "{}"),
        ("write", "{}"),
    ]


def test_an_error_without_a_frame_is_one() -> None:
    """Some gateways answer a stream that failed with plain JSON in its name."""
    facts = heard(OPENAI_CHAT, b'{"error":{"message":"no","type":"server_error"}}\n')
    assert (facts.failed, facts.error_code, facts.error_message) == (True, "server_error", "no")


# ------------------------------------------------------------------ calls as vendors tell them


def called(*deltas: dict[str, Any]) -> list[tuple[str | None, str, str]]:
    facts = heard(OPENAI_CHAT, stream(*[chunk(delta) for delta in deltas], chunk({}, "tool_calls"), DONE))
    return [(tool.provider_tool_call_id, tool.tool, tool.input) for tool in facts.tool_usages]


def test_an_id_that_is_new_with_each_delta_is_one_call() -> None:
    """Some servers make up an id for every piece; only the first has the name."""
    pieces_of_one = [call(0, "", id="a", name="bash"), call(0, '{"n":', id="b"), call(0, "1}", id="c")]
    assert called(*pieces_of_one) == [("a", "bash", '{"n":1}')]
    assert called(*pieces_of_one, call(0, "{}", id="d", name="read")) == [
        ("a", "bash", '{"n":1}'),
        ("d", "read", "{}"),
    ]


def test_interleaved_calls_of_one_index_go_on_by_their_ids() -> None:
    begun = [call(0, '{"n":', id="a", name="bash"), call(0, '{"m":', id="b", name="read")]
    more = [call(0, "1", id="a"), call(0, "2}", id="b"), call(0, "}", id="a")]
    assert called(*begun, *more) == [("a", "bash", '{"n":1}'), ("b", "read", '{"m":2}')]


def test_calls_without_index_go_on_by_their_ids_wherever_they_stand() -> None:
    both = {
        "tool_calls": [
            *call(None, '{"n":', id="a", name="bash")["tool_calls"],
            *call(None, "{", id="b", name="read")["tool_calls"],
        ]
    }
    assert called(both, call(None, "}", id="b"), call(None, "1}", id="a")) == [
        ("a", "bash", '{"n":1}'),
        ("b", "read", "{}"),
    ]


@pytest.mark.parametrize("identity", [{}, {"id": ""}, {"id": "call"}])
def test_calls_of_one_index_and_no_id_of_their_own_are_told_apart_when_the_first_is_complete(
    identity: dict[str, str],
) -> None:
    several = [call(0, f'{{"n":{number}}}', name="bash", **identity) for number in (1, 2)]
    assert [told[1:] for told in called(*several, call(0, "{}", name="read", **identity))] == [
        ("bash", '{"n":1}'),
        ("bash", '{"n":2}'),
        ("read", "{}"),
    ]


@pytest.mark.parametrize("index", [0, None])
def test_a_name_that_comes_with_every_piece_begins_no_call(index: int | None) -> None:
    told = [call(index, piece, id="a", name="bash") for piece in ("", '{"n":', '{"m":1}', "}", "")]
    assert called(*told) == [("a", "bash", '{"n":{"m":1}}')]
    nameless = [call(index, piece, name="bash") for piece in ('{"n":', "1", "}")]
    assert called(*nameless) == [(None, "bash", '{"n":1}')]


def test_a_name_in_pieces_is_put_together() -> None:
    pieces_of_one = [call(0, "", id="a", name="web_"), call(0, "", name="search"), call(0, "{}")]
    assert called(*pieces_of_one) == [("a", "web_search", "{}")]
    longer_each_time = [call(0, "", id="a", name=name) for name in ("web", "web_search", "web_search")]
    assert called(*longer_each_time) == [("a", "web_search", "")]


def test_a_call_that_is_told_once_more_as_a_whole_is_one() -> None:
    assert called(*[call(0, "{}", id="a", name="bash")] * 2) == [("a", "bash", "{}")]


@pytest.mark.parametrize(
    "told",
    [
        ['{"n":', '{"n":{"m":', '{"n":{"m":1}}'],
        ['{"n":', '{"m":1}}', '{"n":{"m":1}}'],
        ["", '{"n":{"m":1}}', '{"n":{"m":1}}', ""],
    ],
)
@pytest.mark.parametrize("repeated", [{}, {"id": "a", "name": "bash"}])
def test_arguments_that_are_told_again_from_the_beginning_are_told_once(
    told: list[str], repeated: dict[str, Any]
) -> None:
    deltas = [call(0, arguments, **repeated) for arguments in told[1:]]
    assert called(call(0, told[0], id="a", name="bash"), *deltas) == [("a", "bash", '{"n":{"m":1}}')]


def test_arguments_that_end_with_what_is_json_alone_are_not_cut() -> None:
    assert called(call(0, '{"n":', id="a", name="bash"), call(0, "{}"), call(0, "}")) == [("a", "bash", '{"n":{}}')]
    assert called(call(0, '{"n"', id="a", name="bash"), call(0, "{}x")) == [("a", "bash", '{"n"{}x')]
    custom = [{"tool_calls": [{"index": 0, "custom": {"name": "run", "input": text}}]} for text in ("a", "{}")]
    assert called(*custom) == [(None, "run", "a{}")]


def test_an_answer_that_is_whole_without_a_finish_reason_has_whole_calls() -> None:
    begun = chunk(call(0, "{}", id="call_1", name="bash"))
    assert heard(OPENAI_CHAT, stream(begun, USED, DONE)).tool_usages == (usage("call_1", "{}"),)
    message = {"tool_calls": [{"id": "call_1", "function": {"name": "bash", "arguments": "{}"}}]}
    assert plain(OPENAI_CHAT, {**HEAD, "choices": [{"message": message}]}).tool_usages == (usage("call_1", "{}"),)


def test_a_place_for_a_call_that_says_nothing_is_none() -> None:
    nothing = {"tool_calls": [{"index": 0, "id": "", "function": {"name": None, "arguments": ""}}, {}]}
    assert called(nothing) == []
    message = {"content": "hi", "tool_calls": [{"id": None, "function": {"name": "", "arguments": None}}]}
    assert plain(OPENAI_CHAT, {"choices": [{"message": message, "finish_reason": "stop"}]}).tool_usages == ()


def test_arguments_that_only_look_complete_go_on() -> None:
    odd = [call(None, '{"n":"}', name="bash"), call(None, 'x"}', name="bash")]
    assert called(*odd) == [(None, "bash", '{"n":"}x"}')]
