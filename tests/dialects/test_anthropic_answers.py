import json
from typing import Any

import pytest

from aibridge.dialects.registry import ANTHROPIC_MESSAGES
from aibridge.records import ModelThought, ReplyFacts, ThoughtSource, TokenUsage, ToolUsage
from support.answers import event, heard, listening, pieces, plain, stream

USAGE = {"input_tokens": 12, "cache_creation_input_tokens": 345, "cache_read_input_tokens": 6789, "output_tokens": 3}
START = {"type": "message_start", "message": {"id": "msg_1", "model": "claude-x", "content": [], "usage": USAGE}}
STOP = {"type": "message_stop"}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any], stops: bool = True) -> list[dict[str, Any]]:
    events = [{"type": "content_block_start", "index": index, "content_block": start}]
    events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [*events, {"type": "content_block_stop", "index": index}] if stops else events


def text(index: int, *parts: str) -> list[dict[str, Any]]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": part} for part in parts))


def tool(index: int, *parts: str, stops: bool = True, **start: Any) -> list[dict[str, Any]]:
    begin = {"type": "tool_use", "id": f"toolu_{index}", "name": "Bash", "input": {}, **start}
    return block(index, begin, *({"type": "input_json_delta", "partial_json": part} for part in parts), stops=stops)


def final(reason: str = "tool_use", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 77, **usage}}


WHOLE = stream(
    START,
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "The user… "},
        {"type": "thinking_delta", "thinking": "wants ☕"},
        {"type": "signature_delta", "signature": "U2ln"},
    ),
    {"type": "ping"},
    *text(1, "I run", ' "message_stop" and {"type":"error"}', " it. ☃"),
    *tool(2, "", '{"command": "ls', ' -la"}'),
    *tool(3, '{"command":"pwd"}'),
    final(cache_read_input_tokens=6789),
    STOP,
)
FACTS = ReplyFacts(
    response_id="msg_1",
    model="claude-x",
    token_usage=TokenUsage(provider_response_id="msg_1", input=12, output=77, cache_read=6789, cache_write=345),
    tool_usages=(
        ToolUsage(
            provider_response_id="msg_1",
            tool="Bash",
            input='{"command": "ls -la"}',
            provider_tool_call_id="toolu_2",
        ),
        ToolUsage(
            provider_response_id="msg_1", tool="Bash", input='{"command":"pwd"}', provider_tool_call_id="toolu_3"
        ),
    ),
    model_thoughts=(ModelThought(source=ThoughtSource.THINKING, content="The user… wants ☕"),),
    ended=True,
    stop_reason="tool_use",
)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("seed", range(60))
def test_a_stream_tells_the_same_however_it_is_cut(line_end: bytes, seed: int) -> None:
    assert heard(ANTHROPIC_MESSAGES, pieces(WHOLE.replace(b"\n", line_end), seed)) == FACTS


def test_a_stream_cut_in_two_anywhere_tells_the_same() -> None:
    for at in range(len(WHOLE)):
        assert heard(ANTHROPIC_MESSAGES, [WHOLE[:at], WHOLE[at:]]) == FACTS


def test_it_ends_exactly_with_the_terminal_events_blank_line() -> None:
    listener = listening(ANTHROPIC_MESSAGES, [])
    for at in range(len(WHOLE)):
        assert not listener.terminal
        listener.hear(WHOLE[at : at + 1])
    assert listener.terminal
    listener.hear(event(final(output_tokens=1)))
    listener.end()
    assert listener.tell() == FACTS


@pytest.mark.parametrize(
    ("spelled", "instead"),
    [
        (b":", b": "),
        (b'"type":"content_block_delta","index":1,', b'"index":1,"type":"content_block_delta",'),
        (b'"type":"content_block_delta",', b'"type":"content_block_del\\u0074a",'),
        (b'"type":"message_stop"', b'"type":"mess\\u0061ge_stop"'),
        (b"data: ", b"data:"),
        (b"event: ", b": was "),
        (b"event: content_block_delta\n", b"id: 7\nevent: content_block_delta\n"),
        (b"\n\n", b"\n\n\n: hello\n\n"),
    ],
)
def test_a_strange_spelling_costs_time_and_never_a_fact(spelled: bytes, instead: bytes) -> None:
    strange = WHOLE.replace(spelled, instead)
    if instead == b": ":
        strange = strange.replace(b"event:  ", b"event: ").replace(b"data:  ", b"data: ")
        assert b'"type": "text_delta"' in strange
    facts = heard(ANTHROPIC_MESSAGES, pieces(strange, 3))
    assert (facts.token_usage, facts.ended, facts.notes) == (FACTS.token_usage, True, ())
    assert [usage.provider_tool_call_id for usage in facts.tool_usages] == ["toolu_2", "toolu_3"]


def test_an_event_without_type_is_known_by_its_name() -> None:
    facts = heard(ANTHROPIC_MESSAGES, event({"error": {"type": "overloaded_error", "message": "Busy"}}, "error"))
    assert (facts.failed, facts.error_code, facts.error_message) == (True, "overloaded_error", "Busy")


def test_a_final_figure_replaces_the_first_and_null_does_not() -> None:
    """Figures are cumulative: adding the two would bill the first ones twice."""
    last = final(input_tokens=0, cache_read_input_tokens=None, cache_creation_input_tokens=9)
    usage = heard(ANTHROPIC_MESSAGES, stream(START, last, STOP)).token_usage
    assert usage == TokenUsage(provider_response_id="msg_1", input=0, output=77, cache_read=6789, cache_write=9)


def test_unknown_is_not_zero() -> None:
    start = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 5, "output_tokens": 0}}}
    usage = heard(ANTHROPIC_MESSAGES, stream(start, final(output_tokens=0), STOP)).token_usage
    assert usage == TokenUsage(provider_response_id="m", input=5, output=0)


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ({"cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 4}}, 34),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}}, 0),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 30}}, None),
        ({"cache_creation": None}, None),
        (
            {
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "cache_creation_input_tokens": 9,
            },
            9,
        ),
    ],
)
def test_what_is_written_to_the_cache_may_be_told_in_parts(told: dict[str, Any], written: int | None) -> None:
    """As by Vercel's gateway. The whole counts where it is told: in a loop of tools the parts may be older."""
    usage = {"input_tokens": 13, "output_tokens": 5, **told}
    start = {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 0, "output_tokens": 0}}}
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    for facts in (
        heard(ANTHROPIC_MESSAGES, stream(start, last, STOP)),
        plain(ANTHROPIC_MESSAGES, MESSAGE | {"usage": usage}),
    ):
        assert facts.token_usage is not None
        assert (facts.token_usage.input, facts.token_usage.cache_write) == (13, written)


def test_extra_counters_keep_their_names() -> None:
    """Also what is no count of tokens: OpenRouter and others tell a cost beside them."""
    extra: dict[str, Any] = {
        "cache_creation": {"ephemeral_5m_input_tokens": 345, "ephemeral_1h_input_tokens": 0},
        "server_tool_use": {"web_search_requests": 2.0},
        "service_tier": "standard",
        "cost": 0.0125,
        "iterations": [{"input_tokens": 1}],
        "nothing": None,
    }
    facts = heard(ANTHROPIC_MESSAGES, stream(START, final(**extra), STOP))
    assert facts.token_usage is not None
    assert facts.token_usage.metadata == {
        "cache_creation": {"ephemeral_5m_input_tokens": 345, "ephemeral_1h_input_tokens": 0},
        "server_tool_use": {"web_search_requests": 2},
        "service_tier": "standard",
        "cost": 0.0125,
        "iterations": [{"input_tokens": 1}],
    }
    assert facts.notes == ()


@pytest.mark.parametrize(("figure", "known"), [(7.0, 7), (2**80, 2**80), ("7", None), (True, None), (0.5, None)])
def test_a_figure_is_a_whole_number_or_unknown(figure: object, known: int | None) -> None:
    facts = heard(ANTHROPIC_MESSAGES, stream(START, final(output_tokens=figure), STOP))
    assert facts.token_usage is not None
    assert facts.token_usage.output == known
    assert bool(facts.notes) is (known is None)


def test_usage_nested_without_end_costs_only_itself() -> None:
    deep = b'"output_tokens":77,"deep":%b1%b' % (b'{"a":' * 20_000, b"}" * 20_000)
    facts = heard(ANTHROPIC_MESSAGES, stream(START, final(), STOP).replace(b'"output_tokens":77', deep))
    assert facts.token_usage is not None
    assert (facts.token_usage.output, facts.token_usage.partial) == (77, False)
    assert len(facts.notes) >= 1


def test_usage_nested_a_little_too_deeply_is_cut() -> None:
    nested: Any = 1
    for _ in range(20):
        nested = {"a": nested}
    facts = heard(ANTHROPIC_MESSAGES, stream(START, final(nested=nested), STOP))
    assert facts.token_usage is not None
    assert "a" in facts.token_usage.metadata["nested"]
    assert len(facts.notes) == 1


@pytest.mark.parametrize("events", range(1, 5))
def test_a_cut_stream_tells_what_is_known_and_that_it_is_partial(events: int) -> None:
    whole = [START, *tool(0, '{"a":', stops=False)]
    facts = heard(ANTHROPIC_MESSAGES, stream(*whole[:events]), ends=False)
    assert (facts.ended, facts.response_id) == (False, "msg_1")
    assert facts.token_usage == TokenUsage(
        provider_response_id="msg_1", input=12, output=3, cache_read=6789, cache_write=345, partial=True
    )
    if events == 3:
        assert facts.tool_usages[0].input == '{"a":'
    assert all(usage.metadata == {"incomplete": True} for usage in facts.tool_usages)


def test_a_stream_cut_before_any_figure_is_partial_without_figures() -> None:
    facts = heard(ANTHROPIC_MESSAGES, event({"type": "message_start", "message": {"id": "m"}}))
    assert facts.token_usage == TokenUsage(provider_response_id="m", partial=True)
    assert heard(ANTHROPIC_MESSAGES, b"").token_usage is None


def test_figures_known_before_the_cut_are_final() -> None:
    facts = heard(ANTHROPIC_MESSAGES, stream(START, final()))
    assert facts.token_usage is not None
    assert (facts.ended, facts.token_usage.partial, facts.stop_reason) == (False, False, "tool_use")


def test_figures_told_in_between_are_not_final() -> None:
    """Some servers tell what was used so far again and again."""
    so_far = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 5}}
    cut = heard(ANTHROPIC_MESSAGES, stream(START, so_far))
    assert cut.token_usage is not None
    assert (cut.token_usage.output, cut.token_usage.partial) == (5, True)
    assert heard(ANTHROPIC_MESSAGES, stream(START, so_far, final(), STOP)).token_usage == FACTS.token_usage


def test_an_error_ends_the_stream_as_failed() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"}
    facts = heard(ANTHROPIC_MESSAGES, stream(START, error, STOP))
    assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (
        True,
        True,
        "overloaded_error",
        "Overloaded",
    )
    assert facts.token_usage is not None
    assert facts.token_usage.partial


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        (b'data: {"error":{"type":"stream_error","message":"gone","code":"500"}}\n\n', "500", "gone"),
        (b'event: error\ndata: {"type":"overloaded_error","message":"Busy"}\n\n', "overloaded_error", "Busy"),
        (b'event: error\ndata: {"type":"error","error":"too long"}\n\n', "", "too long"),
        (b"event: error\ndata: upstream went away\n\n", "", "upstream went away"),
        (b"event: error\ndata: {}\n\n", "", ""),
        (b'{"type":"error","error":{"type":"api_error","message":"no"}}\n\n', "api_error", "no"),
        (b'{"type":"error",\n "error":{"type":"api_error","message":"no"}}', "api_error", "no"),
    ],
)
def test_an_error_is_one_however_it_is_framed(told: bytes, code: str, message: str) -> None:
    """Whoever stands between the provider and us leaves out the name, the type, or the frame."""
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *text(0, "hello")) + told)
    assert (facts.failed, facts.ended, facts.error_code, facts.error_message) == (True, True, code, message)
    assert (facts.response_id, facts.notes) == ("msg_1", ())
    assert facts.token_usage is not None
    assert facts.token_usage.partial


def test_done_ends_a_stream_too() -> None:
    """So GitHub Copilot ends some of its streams."""
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *tool(0, "{}"), final(), "[DONE]"), ends=False)
    assert (facts.ended, facts.failed, facts.stop_reason, facts.notes) == (True, False, "tool_use", ())
    assert facts.token_usage == FACTS.token_usage


def test_a_thought_goes_on_where_its_start_ended() -> None:
    """As SDKs read it; compatible vendors begin a block with its first words."""
    deltas = [{"type": "thinking_delta", "thinking": "so "}, {"type": "thinking_delta", "thinking": "on"}]
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *block(0, {"type": "thinking", "thinking": "And "}, *deltas), STOP))
    assert [thought.content for thought in facts.model_thoughts] == ["And so on"]


def test_a_thought_at_the_place_of_another_block_is_a_thought() -> None:
    """As compatible servers tell it that translate another API: it is no part of a call, and never lost."""
    hm = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": t}}
        for t in ("", "h", "m")
    ]
    more = {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "1}"}}
    call = tool(0, '{"a":', stops=False)
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *call, *hm, more, final(), STOP))
    assert [usage.input for usage in facts.tool_usages] == ['{"a":1}']
    assert [thought.content for thought in facts.model_thoughts] == ["hm"]
    assert [t.content for t in heard(ANTHROPIC_MESSAGES, stream(START, *hm, *text(0, "ok"), STOP)).model_thoughts] == [
        "hm"
    ]


def test_hosted_tools_have_an_item_id_and_no_call_id() -> None:
    """Their results never come back through the client, so nothing may correlate with them."""
    facts = heard(
        ANTHROPIC_MESSAGES,
        stream(
            START,
            *tool(0, '{"query":"x"}', type="server_tool_use", id="srvtoolu_1", name="web_search"),
            *tool(1, type="mcp_tool_use", id="mcptoolu_1", name="list", server_name="github", input={"a": 1}),
            *block(2, {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}),
            *block(3, {"type": "redacted_thinking", "data": "x"}),
            STOP,
        ),
    )
    assert [(u.tool, u.input, u.provider_tool_call_id, u.provider_item_id, u.metadata) for u in facts.tool_usages] == [
        ("web_search", '{"query":"x"}', None, "srvtoolu_1", {}),
        ("list", '{"a":1}', None, "mcptoolu_1", {"server_name": "github"}),
    ]
    assert facts.model_thoughts == ()


CALLS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"caller": {"type": "direct"}, "toolset_name": None, "server_name": None}, {}),
    ({"caller": None, "toolset_name": "browser"}, {"toolset_name": "browser"}),
    (
        {"caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_1", "more": 7}},
        {"caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}},
    ),
    ({"caller": "?", "toolset_name": 7}, {}),
]


@pytest.mark.parametrize(("told", "kept"), CALLS)
def test_a_call_says_who_makes_it_and_of_which_set_its_tool_is(told: dict[str, Any], kept: dict[str, Any]) -> None:
    """A program in the provider's container calls tools of the client as well."""
    [call] = heard(ANTHROPIC_MESSAGES, stream(START, *tool(0, **told), final(), STOP)).tool_usages
    assert call.metadata == kept
    block = {"type": "tool_use", "id": "toolu_0", "name": "Bash", "input": {}, **told}
    for message in (MESSAGE | {"content": [block]}, {"id": "m", "content": [block]}):
        assert [usage.metadata for usage in plain(ANTHROPIC_MESSAGES, message).tool_usages] == [kept]


def test_a_start_may_tell_the_whole_answer() -> None:
    """So the provider streams the next calls of a program that runs in its container: nothing more is said of them.

    https://docs.claude.com/en/docs/agents-and-tools/tool-use/programmatic-tool-calling
    """
    message = {
        "id": "msg_2",
        "model": "claude-x",
        "content": [
            {"type": "thinking", "thinking": "next", "signature": "x"},
            {"type": "text", "text": "on it"},
            {"type": "tool_use", "id": "toolu_9", "name": "roll", "input": {"die": 6}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    start = {"type": "message_start", "message": message}
    facts = heard(ANTHROPIC_MESSAGES, stream(start, STOP))
    assert [(u.tool, u.input, u.provider_tool_call_id, u.metadata) for u in facts.tool_usages] == [
        ("roll", '{"die":6}', "toolu_9", {})
    ]
    assert [thought.content for thought in facts.model_thoughts] == ["next"]
    assert (facts.stop_reason, facts.token_usage) == (
        "tool_use",
        TokenUsage(provider_response_id="msg_2", input=0, output=0),
    )
    cut = heard(ANTHROPIC_MESSAGES, stream(start))
    assert cut.token_usage is not None
    assert cut.token_usage.partial


def test_what_a_start_told_and_a_block_tells_again_is_one_call() -> None:
    told = {"type": "tool_use", "id": "toolu_0", "name": "Bash", "input": {"a": 1}}
    start = {"type": "message_start", "message": {"id": "m", "content": [told]}}
    facts = heard(ANTHROPIC_MESSAGES, stream(start, *tool(0, '{"a":1}'), *tool(1), STOP))
    assert [(u.provider_tool_call_id, u.input) for u in facts.tool_usages] == [
        ("toolu_0", '{"a":1}'),
        ("toolu_1", "{}"),
    ]


@pytest.mark.parametrize("index", [0, None])
def test_blocks_that_share_an_index_are_all_kept(index: int | None) -> None:
    """Some vendors count every block as the first, or do not count."""
    one = block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "first"})
    other = block(0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "second"})
    events = [*one, *tool(0, '{"a":', "1}", id="toolu_a"), *other, *tool(0, '{"b":2}', id="toolu_b"), *text(0, "ok")]
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *({**told, "index": index} for told in events), final(), STOP))
    assert [(u.provider_tool_call_id, u.input, u.metadata) for u in facts.tool_usages] == [
        ("toolu_a", '{"a":1}', {}),
        ("toolu_b", '{"b":2}', {}),
    ]
    assert [thought.content for thought in facts.model_thoughts] == ["first", "second"]


def test_a_block_of_which_nothing_is_kept_ends_the_one_before() -> None:
    odd = {"type": "content_block_start", "index": 0, "content_block": {"type": "of_tomorrow"}}
    more = {"type": "content_block_delta", "index": 0, "delta": {"type": "x", "partial_json": "?"}}
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *tool(0, '{"a":1}'), odd, more, final(), STOP))
    assert [usage.input for usage in facts.tool_usages] == ['{"a":1}']


def test_a_fallback_names_the_model_that_answers() -> None:
    """A stream begins with the name of the model that declined; a plain answer bears the other's.

    https://docs.claude.com/en/docs/build-with-claude/refusals-and-fallback
    """
    told = {"type": "fallback", "from": {"model": "claude-x"}, "to": {"model": "claude-y"}}
    assert heard(ANTHROPIC_MESSAGES, stream(START, *block(0, told), *text(1, "ok"), final(), STOP)).model == "claude-y"
    odd = {"type": "fallback", "to": None}
    assert heard(ANTHROPIC_MESSAGES, stream(START, *block(0, odd), final(), STOP)).model == "claude-x"


def test_a_second_start_replaces_only_what_it_says() -> None:
    again = {"type": "message_start", "message": {"id": None, "usage": {"input_tokens": 99}}}
    facts = heard(ANTHROPIC_MESSAGES, stream(START, again, final(), STOP))
    assert (facts.response_id, facts.model) == ("msg_1", "claude-x")
    assert facts.token_usage is not None
    assert (facts.token_usage.input, facts.token_usage.cache_read) == (99, 6789)


def test_events_that_make_no_sense_are_passed_over() -> None:
    nonsense = [
        {"type": "content_block_delta", "index": 9, "delta": {"type": "input_json_delta", "partial_json": "x"}},
        {"type": "content_block_stop", "index": [9]},
        {"type": "content_block_start", "index": 0},
        {"type": "message_delta"},
        {"type": "unheard_of"},
        {"type": ["?"]},
        [],
        "not json",
    ]
    facts = heard(ANTHROPIC_MESSAGES, stream(START, *nonsense, final(), *tool(0, 7), STOP))  # type: ignore[arg-type]
    assert facts.token_usage == FACTS.token_usage
    assert facts.tool_usages[0].input == "{}"


def test_the_last_event_needs_no_blank_line_when_the_body_ends() -> None:
    assert not listening(ANTHROPIC_MESSAGES, WHOLE[:-2]).terminal
    assert heard(ANTHROPIC_MESSAGES, WHOLE[:-2]) == FACTS


def test_it_tells_at_any_moment_and_the_same_twice() -> None:
    listener = listening(ANTHROPIC_MESSAGES, [])
    for piece in pieces(WHOLE, 2):
        listener.hear(piece)
        assert listener.tell() == listener.tell()
    assert listener.tell() == FACTS


def test_an_answer_without_end_is_not_gathered_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aibridge.dialects.listening.MAX_BODY", 5000)
    endless = stream(START, *tool(0, *(["x" * 100] * 100)), *tool(1), final(), STOP)
    facts = heard(ANTHROPIC_MESSAGES, endless)
    assert len(facts.tool_usages) == 1
    assert len(facts.tool_usages[0].input) <= 5000
    assert facts.token_usage == FACTS.token_usage
    assert len(facts.notes) == 1


def test_an_event_that_is_too_large_is_noted() -> None:
    facts = heard(
        ANTHROPIC_MESSAGES, [event(START), b"data: " + bytes(17 * 2**20), b"\n\n", event(final()), event(STOP)]
    )
    assert facts.ended
    assert facts.token_usage == FACTS.token_usage
    assert len(facts.notes) == 1


# ------------------------------------------------------------------ plain answers

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-x",
    "stop_reason": "tool_use",
    "content": [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "thinking", "thinking": "", "signature": "x"},
        {"type": "text", "text": "ok"},
        {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "ls\u2028"}},
        {"type": "tool_use", "id": "toolu_3", "name": "Now"},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    ],
    "usage": {**USAGE, "output_tokens": 77, "service_tier": "standard"},
}


def test_a_plain_answer_tells_the_same() -> None:
    facts = plain(ANTHROPIC_MESSAGES, MESSAGE)
    assert facts.token_usage == TokenUsage(
        provider_response_id="msg_1",
        input=12,
        output=77,
        cache_read=6789,
        cache_write=345,
        metadata={"service_tier": "standard"},
    )
    assert [(u.tool, u.input, u.provider_tool_call_id, u.provider_item_id) for u in facts.tool_usages] == [
        ("Bash", '{"command": "ls\\u2028"}', "toolu_2", None),
        ("Now", "{}", "toolu_3", None),
        ("web_search", "{}", None, "srvtoolu_1"),
    ]
    assert [thought.content for thought in facts.model_thoughts] == ["hm"]
    assert (facts.ended, facts.stop_reason, facts.model, facts.unread) == (True, "tool_use", "claude-x", False)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_plain_answer_in_the_name_of_a_stream_tells_the_same(indent: int | None, end: bytes) -> None:
    body = json.dumps(MESSAGE, indent=indent).encode() + end
    assert (facts := heard(ANTHROPIC_MESSAGES, pieces(body, 3))).token_usage == plain(
        ANTHROPIC_MESSAGES, MESSAGE
    ).token_usage
    assert [json.loads(u.input) for u in facts.tool_usages] == [{"command": "ls\u2028"}, {}, {}]
    assert (facts.ended, facts.stop_reason, facts.response_id) == (True, "tool_use", "msg_1")
    assert not heard(ANTHROPIC_MESSAGES, body[:-5]).ended


@pytest.mark.parametrize("before", [b"", b"\n", b"data: {}\n\n"])
def test_a_stream_in_the_name_of_a_plain_answer_tells_the_same(before: bytes) -> None:
    assert heard(ANTHROPIC_MESSAGES, pieces(before + WHOLE, 3), streaming=False) == FACTS
    assert not heard(ANTHROPIC_MESSAGES, WHOLE[: len(WHOLE) // 2], streaming=False).ended


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"id":"msg_1"', b"[]", b"null", b"{}", b'{"code":1001,"msg":"no","success":false}']
)
def test_a_good_status_with_a_bad_body_is_unread(body: bytes) -> None:
    facts = plain(ANTHROPIC_MESSAGES, body)
    assert (facts.unread, facts.ended, facts.failed, len(facts.notes)) == (True, True, False, 1)


def test_half_a_plain_body_tells_nothing_yet() -> None:
    assert heard(ANTHROPIC_MESSAGES, b'{"id":"msg_1"}', streaming=False, ends=False) == ReplyFacts()


def test_a_plain_body_tells_the_same_twice() -> None:
    listener = listening(ANTHROPIC_MESSAGES, b'{"id":"msg_1","content":[]}', streaming=False)
    listener.end()
    assert listener.tell() is listener.tell()
    assert not listener.terminal


def test_an_error_body_of_a_good_status_failed_all_the_same() -> None:
    facts = plain(ANTHROPIC_MESSAGES, {"type": "error", "error": {"type": "api_error", "message": "no"}})
    assert (facts.failed, facts.error_code, facts.error_message, facts.unread) == (True, "api_error", "no", False)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}', "overloaded_error", "Busy"),
        (b'\xef\xbb\xbf {"error":{"message":"no","type":"t","code":"c"}}', "c", "no"),
        (b'{"error":{"code":502,"message":"bad"}}', "502", "bad"),
        (b'{"error":{"code":null,"message":"bad","type":"t"}}', "t", "bad"),
        (b'{"error":"just text"}', "", "just text"),
        (b'{"detail":"from a framework"}', "", "from a framework"),
        (b'{"message":"m","code":"c"}', "c", "m"),
        (b'{"error":{}}', "", ""),
        (b'{"broken', "", ""),
        (b" upstream connect error \n", "", "upstream connect error"),
        (b"<html><body>Bad Gateway", "", ""),
        (b"", "", ""),
        (b'event: error\r\ndata: {"error":{"type":"api_error","message":"no"}}\r\n\r\n', "api_error", "no"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_an_error_status_is_a_failure_whatever_its_body(
    body: bytes, code: str, message: str, *, streaming: bool
) -> None:
    facts = heard(ANTHROPIC_MESSAGES, [body[:9], body[9:]], status=502, streaming=streaming)
    assert (facts.failed, facts.ended, facts.error_code, facts.error_message) == (True, True, code, message)
    assert not facts.unread


def test_a_body_that_is_too_large_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aibridge.dialects.listening.MAX_BODY", 100)
    facts = heard(ANTHROPIC_MESSAGES, [b"x" * 60, b"y" * 60, b"z"], streaming=False)
    assert (facts.unread, facts.ended, facts.failed, len(facts.notes)) == (True, True, False, 1)


def test_an_event_named_message_is_no_whole_answer() -> None:
    """It is the name of every event that has none."""
    nothing = b"event: message\ndata: {}\n\n"
    assert heard(ANTHROPIC_MESSAGES, nothing + WHOLE.replace(b"event: ping", b"event: message"), ends=False) == FACTS


@pytest.mark.parametrize("before", [b": hello\n\n", b"\xef\xbb\xbf", b"\n"])
def test_a_stream_is_known_by_its_first_bytes_under_any_content_type(before: bytes) -> None:
    assert plain(ANTHROPIC_MESSAGES, before + WHOLE) == FACTS
