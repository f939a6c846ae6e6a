import json
from typing import Any

import pytest

from aibridge.dialects.registry import OPENAI_COMPACTION, OPENAI_RESPONSES
from aibridge.errors import RequestRefused
from aibridge.records import ModelThought, ReplyFacts, RequestFacts, ThoughtSource, TokenUsage, ToolUsage
from support.answers import event, heard, listening, pieces, plain, stream

CODEX = {b"user-agent": b"codex_cli_rs/0.169.0", b"session-id": b"s-1", b"thread-id": b"t-1"}
OPENCODE = {b"user-agent": b"opencode/1.18.33", b"x-session-id": b"o-1"}
TITLE = "You are a title generator. You output ONLY a thread title. Nothing else."


def asked(given: Any, headers: dict[bytes, bytes] | None = None, **others: Any) -> RequestFacts:
    body = {"model": "gpt-x", "stream": True, "input": given, **others}
    return OPENAI_RESPONSES.read_request(json.dumps(body).encode(), headers or {})


def user(content: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": content}


# ------------------------------------------------------------------ what is asked


def test_a_string_is_the_prompt() -> None:
    facts = asked("hello", CODEX, previous_response_id="resp_0")
    assert (facts.model, facts.stream, facts.prompt) == ("gpt-x", True, "hello")
    assert (facts.client, facts.client_session_id, facts.agent_id) == ("Codex", "s-1", "t-1")
    assert facts.metadata["previous_response_id"] == "resp_0"


@pytest.mark.parametrize("conversation", ["conv_1", {"id": "conv_1"}])
def test_the_conversation_that_goes_on_is_told(conversation: Any) -> None:
    assert asked("hello", conversation=conversation).metadata["conversation"] == "conv_1"
    assert "conversation" not in asked("hello", conversation=None).metadata


def test_a_prompt_that_the_provider_keeps_is_told_by_its_id() -> None:
    body = json.dumps({"model": "m", "prompt": {"id": "pmpt_1", "variables": {"city": "Rome"}}}).encode()
    facts = OPENAI_RESPONSES.read_request(body, {})
    assert (facts.prompt, facts.metadata) == (None, {"prompt_template": "pmpt_1"})


def test_the_last_users_item_is_the_prompt() -> None:
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_image"}, {"type": "input_text", "text": "b"}, 7]
    assert asked([user("<environment_context>"), {"role": "user", "content": "hello"}]).prompt == "hello"
    assert asked([user(parts)]).prompt == "a\nb"
    assert asked([user([{"type": "text", "text": "hello"}])]).prompt == "hello"
    for behind in ({"role": "developer", "content": "be brief"}, {"type": "configuration_update", "reasoning": {}}):
        assert asked([user("hello"), behind]).prompt == "hello"


@pytest.mark.parametrize(
    "kind",
    [
        "function_call_output",
        "custom_tool_call_output",
        "shell_call_output",
        "local_shell_call_output",
        "tool_search_output",
    ],
)
def test_a_call_output_correlates_and_is_no_prompt(kind: str) -> None:
    facts = asked([user("a"), {"type": kind, "call_id": "call_1", "output": "ok"}])
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, "call_1")


def test_a_local_shell_may_answer_by_its_id() -> None:
    """As the reference has it; elsewhere `id` is the item's own."""
    output = {"type": "local_shell_call_output", "id": "call_1", "output": "ok"}
    assert asked([output]).correlating_tool_call_id == "call_1"
    assert asked([output | {"call_id": "call_2"}]).correlating_tool_call_id == "call_2"
    assert asked([output | {"type": "function_call_output"}]).correlating_tool_call_id is None


def test_a_broken_answer_that_is_sent_back_still_answers_what_stands_before_it() -> None:
    """Codex after a cut stream: the items that had come whole, and nothing new behind them."""
    begun = [{"type": "reasoning"}, {"type": "message", "role": "assistant", "content": "I begin."}]
    assert asked([user("a"), *begun]).prompt == "a"
    output = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
    facts = asked([user("a"), output, *begun])
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, "call_1")


@pytest.mark.parametrize("answered", [{"role": "assistant", "content": "I am done."}, {"type": "reasoning"}])
def test_a_conversation_that_is_handed_over_to_be_compacted_asks_nothing_again(answered: dict[str, Any]) -> None:
    output = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
    for given in ([user("a"), answered], [output, answered]):
        facts = OPENAI_COMPACTION.read_request(json.dumps({"input": given}).encode(), {})
        assert (facts.prompt, facts.correlating_tool_call_id) == (None, None)
    assert OPENAI_COMPACTION.read_request(json.dumps({"input": [user("a")]}).encode(), {}).prompt == "a"
    facts = OPENAI_COMPACTION.read_request(json.dumps({"input": [user("a"), output]}).encode(), {})
    assert facts.correlating_tool_call_id == "call_1"


def test_what_agents_say_to_each_other_stands_behind_the_result_it_belongs_to() -> None:
    """Codex: the call that waited for a subagent returns, then the subagent's last words follow."""
    output = {"type": "function_call_output", "call_id": "call_wait", "output": "Wait completed."}
    told = {"type": "agent_message", "content": [{"type": "input_text", "text": "FINAL_ANSWER"}]}
    facts = asked([user("a"), output, told, told])
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, "call_wait")


SKILL = "<skill>\n<name>tidy</name>\nDo it well.\n</skill>"
NOTICE = '<subagent_notification>\n{"status":"completed"}\n</subagent_notification>\n'
SURROUNDINGS = "# AGENTS.md instructions for /a\n\n<INSTRUCTIONS>\nBe kind.\n</INSTRUCTIONS>"
HOOK = '<hook_prompt hook_run_id="h-1">go on</hook_prompt>'


@pytest.mark.parametrize("behind", [SKILL, NOTICE, SURROUNDINGS, HOOK, "<external_mail>x</external_mail>"])
def test_what_codex_writes_in_the_users_name_hides_neither_prompt_nor_result(behind: str) -> None:
    facts = asked([user("hello"), user(behind), user([{"type": "input_text", "text": SKILL}])], CODEX)
    assert (facts.prompt, facts.notes) == ("hello", ())
    output = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
    facts = asked([user("hello"), output, {"type": "agent_message"}, user(behind)], CODEX)
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, "call_1")


def test_of_one_item_that_codex_and_the_user_wrote_the_users_part_is_the_prompt() -> None:
    parts = [{"type": "input_text", "text": text} for text in (SURROUNDINGS, "hello", "again")]
    assert asked([user(parts)], CODEX).prompt == "hello\nagain"


@pytest.mark.parametrize("before", [[], [user("a"), {"role": "assistant", "content": "b"}], [{"type": "compaction"}]])
def test_a_prompt_is_not_hidden_where_codex_wrote_everything(before: list[Any]) -> None:
    """As when a hook keeps it at work: what was asked before has been answered."""
    facts = asked([*before, user(SKILL), {"role": "developer", "content": "c"}, user(HOOK)], CODEX)
    assert (facts.prompt, len(facts.notes)) == (HOOK, 1)


@pytest.mark.parametrize("text", [f"{SKILL} and this", f"so {SKILL}", "<skill>", "<skills>x</skills>"])
def test_what_is_not_framed_by_codex_is_the_users(text: str) -> None:
    assert asked([user("hello"), user(text)], CODEX).prompt == text
    assert asked([user("hello"), user(SKILL)]).prompt == SKILL


@pytest.mark.parametrize(
    "given",
    [
        "",
        None,
        7,
        [],
        [user("a"), {"type": "compaction_trigger"}],
        [user("a"), {"type": "agent_message", "content": [{"type": "encrypted_content"}]}],
        [user("a"), {"type": "function_call", "call_id": "call_1"}],
        [{"type": "reasoning"}, {"role": "assistant", "content": "hm"}],
        [user([{"type": "input_image"}])],
        [{"type": "function_call_output"}],
        [7],
    ],
)
def test_where_nobody_asks_there_is_no_prompt(given: Any) -> None:
    facts = asked(given)
    assert (facts.prompt, facts.correlating_tool_call_id) == (None, None)


def test_background_work_would_escape_the_audit() -> None:
    with pytest.raises(RequestRefused) as refused:
        asked("hello", background=True)
    assert refused.value.status == 501
    assert asked("hello", background=False).prompt == "hello"
    assert asked("hello", background=None).prompt == "hello"


def test_clients_without_a_header_of_their_own_may_name_a_session_in_the_body() -> None:
    assert asked("a", prompt_cache_key="key").client_session_id == "key"
    assert asked("a", {b"session_id": b"s"}, prompt_cache_key="key").client_session_id == "s"
    assert asked("a", {b"user-agent": b"zed/1"}, prompt_cache_key="key").client_session_id is None
    assert asked("a", CODEX, prompt_cache_key="key").client_session_id == "s-1"


def test_a_title_request_of_opencode_is_a_side_request() -> None:
    developer = {"role": "developer", "content": TITLE}
    system = {"role": "system", "content": [{"type": "input_text", "text": TITLE}]}
    for facts in (
        asked([user('"hi"')], OPENCODE, instructions=TITLE),
        asked([developer, user('"hi"')], OPENCODE),
        asked([{"role": "system"}, system, user('"hi"')], OPENCODE),
    ):
        assert (facts.side_request, facts.prompt, facts.metadata["side_prompt"]) == (True, None, '"hi"')
    assert not asked([user(TITLE)], OPENCODE).side_request
    assert not asked([developer], OPENCODE, tools=[{"type": "function"}]).side_request
    assert not asked([user("hi")], CODEX, instructions=TITLE).side_request


def test_what_is_not_json_is_unread() -> None:
    assert OPENAI_RESPONSES.read_request(b"\x28\xb5\x2f\xfd", CODEX).unread


def test_the_rest_of_the_dialect() -> None:
    assert OPENAI_RESPONSES.include_usage(b"{}", RequestFacts(stream=True)) is None
    assert json.loads(OPENAI_RESPONSES.error_body(status=501, message="no"))["error"]["code"] == "not_supported"


# ------------------------------------------------------------------ what is answered

USAGE = {
    "input_tokens": 7146,
    "input_tokens_details": {"cached_tokens": 6789, "cache_write_tokens": 345},
    "output_tokens": 77,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 7223,
}
ITEMS: list[Any] = [
    {
        "id": "rs_1",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "I think"}, {"text": "so ☕"}],
        "content": [{"type": "reasoning_text", "text": "deeply"}],
    },
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "phase": "commentary",
        "content": [
            {"type": "output_text", "text": "I run"},
            {"type": "refusal"},
            {"type": "output_text", "text": "it"},
        ],
    },
    {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "bash",
        "arguments": '{"a":1}',
        "namespace": "n",
    },
    {"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_2", "name": "exec", "input": "await x"},
    {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"id": "mcp_1", "type": "mcp_call", "name": "list", "server_label": "gh", "arguments": "{}", "error": {"code": 1}},
    {"id": "ci_1", "type": "code_interpreter_call", "code": "print(1)", "status": "failed"},
    {"id": "fs_1", "type": "file_search_call", "queries": ["a"]},
    {"id": "lsh_1", "type": "local_shell_call", "call_id": "call_3", "action": {"command": ["ls"]}},
    {"id": "sh_1", "type": "shell_call", "call_id": "call_4", "action": {"commands": ["ls"]}},
    {"id": "cu_1", "type": "computer_call", "call_id": "call_5", "actions": [{"type": "click"}]},
    {"id": "ig_1", "type": "image_generation_call", "result": "aGk="},
    {"id": "msg_2", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
]
BEGUN: dict[str, Any] = {"id": "resp_1", "status": "in_progress", "model": "gpt-x", "error": None, "output": []}


def response(status: str = "completed", **others: Any) -> dict[str, Any]:
    return {**BEGUN, "status": status, "output": ITEMS, "usage": USAGE, "incomplete_details": None, **others}


def item_done(item: Any, index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


CREATED = {"type": "response.created", "sequence_number": 0, "response": BEGUN}
PROGRESS = {"type": "response.in_progress", "response": BEGUN}
DELTA = {"type": "response.output_text.delta", "sequence_number": 2, "delta": 'x "response.completed" ☃'}
ARGUMENTS = {"type": "response.function_call_arguments.delta", "delta": "{"}
COMPLETED = {"type": "response.completed", "response": response()}
WHOLE = stream(
    CREATED, PROGRESS, DELTA, DELTA, ARGUMENTS, *map(item_done, ITEMS), DELTA, {"type": "response.new"}, COMPLETED
)


def usage(tool: str, given: str, call_id: str | None, item_id: str, **others: Any) -> ToolUsage:
    return ToolUsage(
        provider_response_id="resp_1",
        tool=tool,
        input=given,
        provider_tool_call_id=call_id,
        provider_item_id=item_id,
        **others,
    )


TOOLS = (
    usage("bash", '{"a":1}', "call_1", "fc_1", metadata={"namespace": "n"}),
    usage("exec", "await x", "call_2", "ctc_1"),
    usage("web_search_call", '{"type":"search","query":"q"}', None, "ws_1"),
    usage("list", "{}", None, "mcp_1", metadata={"server_label": "gh"}, invocation_error='{"code":1}'),
    usage("code_interpreter_call", "print(1)", None, "ci_1", metadata={"status": "failed"}),
    usage("file_search_call", '["a"]', None, "fs_1"),
    usage("local_shell_call", '{"command":["ls"]}', "call_3", "lsh_1"),
    usage("shell_call", '{"commands":["ls"]}', "call_4", "sh_1"),
    usage("computer_call", '[{"type":"click"}]', "call_5", "cu_1"),
    usage("image_generation_call", "", None, "ig_1"),
)
THOUGHTS = (
    ModelThought(source=ThoughtSource.REASONING_SUMMARY, content="I think"),
    ModelThought(source=ThoughtSource.REASONING_SUMMARY, content="so ☕"),
    ModelThought(source=ThoughtSource.REASONING, content="deeply"),
    ModelThought(source=ThoughtSource.COMMENTARY, content="I run\nit"),
)
FACTS = ReplyFacts(
    response_id="resp_1",
    model="gpt-x",
    token_usage=TokenUsage(
        provider_response_id="resp_1",
        input=12,
        output=77,
        cache_read=6789,
        cache_write=345,
        metadata={"output_tokens_details": {"reasoning_tokens": 20}, "total_tokens": 7223},
    ),
    tool_usages=TOOLS,
    model_thoughts=THOUGHTS,
    ended=True,
    stop_reason="completed",
)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("seed", range(60))
def test_a_stream_tells_the_same_however_it_is_cut(line_end: bytes, seed: int) -> None:
    assert heard(OPENAI_RESPONSES, pieces(WHOLE.replace(b"\n", line_end), seed)) == FACTS


def test_it_ends_exactly_with_the_terminal_events_blank_line() -> None:
    assert not listening(OPENAI_RESPONSES, WHOLE[:-1]).terminal
    listener = listening(OPENAI_RESPONSES, WHOLE)
    assert listener.terminal
    listener.hear(event({"type": "error", "message": "too late"}))
    listener.end()
    assert listener.tell() == FACTS


@pytest.mark.parametrize("event_names", [True, False])
@pytest.mark.parametrize("spaces", [True, False])
def test_spaces_and_missing_names_change_nothing(*, event_names: bool, spaces: bool) -> None:
    events: list[dict[str, Any]] = [
        CREATED,
        DELTA,
        {**DELTA, "item_id": "x"},
        {"sequence_number": 1, **DELTA},
        COMPLETED,
    ]
    layout = (", ", ": ") if spaces else (",", ":")
    whole = b"".join(
        event(json.dumps(one, separators=layout), str(one["type"]) if event_names else None) for one in events
    )
    assert heard(OPENAI_RESPONSES, whole) == FACTS


def test_a_plain_answer_tells_the_same() -> None:
    assert plain(OPENAI_RESPONSES, response()) == FACTS


def test_an_incomplete_answer_is_complete_with_its_reason() -> None:
    told = response("incomplete", incomplete_details={"reason": "max_output_tokens"})
    facts = heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.incomplete", "response": told}))
    assert (facts.ended, facts.failed, facts.stop_reason) == (True, False, "max_output_tokens")
    assert facts.token_usage == FACTS.token_usage
    assert plain(OPENAI_RESPONSES, told).stop_reason == "max_output_tokens"


def test_a_failed_answer_says_why() -> None:
    told = response("failed", output=[], usage=None, error={"code": "server_error", "message": "no"})
    for facts in (
        heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.failed", "response": told})),
        plain(OPENAI_RESPONSES, told),
    ):
        assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (True, True, "server_error", "no")


def test_a_failed_answer_may_say_nothing() -> None:
    assert heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.failed"})).failed
    assert plain(OPENAI_RESPONSES, response("failed", error=None)).failed


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"code": "ERR", "message": "no", "param": None}, "ERR", "no"),
        ({"error": {"type": "server_error", "message": "no"}}, "server_error", "no"),
        ({"code": None, "message": None}, "", ""),
    ],
)
def test_a_bare_error_ends_the_stream_as_failed(error: dict[str, Any], code: str, message: str) -> None:
    facts = heard(OPENAI_RESPONSES, stream(CREATED, DELTA, {"type": "error", **error}, COMPLETED))
    assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (True, True, code, message)
    assert facts.token_usage == TokenUsage(provider_response_id="resp_1", partial=True)


def test_a_cut_stream_tells_the_items_that_were_done() -> None:
    facts = heard(OPENAI_RESPONSES, stream(CREATED, DELTA, *map(item_done, ITEMS)), ends=False)
    assert (facts.response_id, facts.model, facts.ended) == ("resp_1", "gpt-x", False)
    assert (facts.tool_usages, facts.model_thoughts) == (TOOLS, THOUGHTS)
    assert facts.token_usage == TokenUsage(provider_response_id="resp_1", partial=True)


def added(item: Any, index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def whole_piece(kind: str, index: int = 0, **told: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}.done", "output_index": index, **told}


def test_a_cut_stream_tells_the_thoughts_that_were_whole_though_their_item_is_not() -> None:
    begun = added({"id": "rs_1", "type": "reasoning", "summary": []})
    texts = [whole_piece("reasoning_summary_text", text=text) for text in ("one", "two")]
    raw = whole_piece("reasoning_text", 1, text="raw")
    facts = heard(OPENAI_RESPONSES, stream(CREATED, begun, *texts, raw), ends=False)
    assert [(thought.source, thought.content) for thought in facts.model_thoughts] == [
        (ThoughtSource.REASONING_SUMMARY, "one"),
        (ThoughtSource.REASONING_SUMMARY, "two"),
        (ThoughtSource.REASONING, "raw"),
    ]


@pytest.mark.parametrize(
    ("item", "piece", "told"),
    [
        (ITEMS[2], "function_call_arguments", {"arguments": '{"a":1}'}),
        (ITEMS[3], "custom_tool_call_input", {"input": "await x"}),
        (ITEMS[5] | {"error": None}, "mcp_call_arguments", {"arguments": "{}"}),
        (ITEMS[6] | {"status": "interpreting"}, "code_interpreter_call_code", {"code": "print(1)"}),
    ],
)
def test_a_cut_stream_tells_the_call_that_had_begun(item: Any, piece: str, told: dict[str, Any]) -> None:
    begun = added(item | dict.fromkeys(told, ""))
    (call,) = heard(OPENAI_RESPONSES, stream(CREATED, begun), ends=False).tool_usages
    assert (call.input, call.metadata["status"]) == ("", item.get("status", "in_progress"))
    (call,) = heard(OPENAI_RESPONSES, stream(CREATED, begun, whole_piece(piece, **told)), ends=False).tool_usages
    (whole,) = plain(OPENAI_RESPONSES, response(output=[item])).tool_usages
    assert (call.tool, call.input, call.provider_tool_call_id) == (
        whole.tool,
        whole.input,
        whole.provider_tool_call_id,
    )


def test_what_came_whole_is_not_told_twice() -> None:
    """By its place, or by its id where an event does not say the place."""
    begun = [added(item, at) for at, item in enumerate(ITEMS)]
    done = [item_done(item, at) for at, item in enumerate(ITEMS)]
    placeless = [{"type": one["type"], "item": one["item"]} for one in done]
    for events in ([*begun, *done], [*begun, *placeless]):
        facts = heard(OPENAI_RESPONSES, stream(CREATED, *events), ends=False)
        assert (facts.tool_usages, facts.model_thoughts) == (TOOLS, THOUGHTS)
    assert heard(OPENAI_RESPONSES, stream(CREATED, *begun, COMPLETED)) == FACTS


def test_pieces_of_nothing_are_passed_over() -> None:
    nonsense = [added(7), added({}), added({"type": "message"}), whole_piece("function_call_arguments", arguments="x")]
    facts = heard(OPENAI_RESPONSES, stream(CREATED, *nonsense), ends=False)
    assert (facts.tool_usages, facts.model_thoughts, facts.notes) == ((), (), ())


def test_items_heard_before_stand_in_for_an_empty_last_word() -> None:
    empty = {"type": "response.completed", "response": response(output=[])}
    assert heard(OPENAI_RESPONSES, stream(CREATED, *map(item_done, ITEMS), empty)) == FACTS


@pytest.mark.parametrize(("tier", "told"), [("priority", {"service_tier": "priority"}), ("default", {}), (None, {})])
def test_the_tier_is_kept_where_it_is_not_the_standard_one(tier: str | None, told: dict[str, str]) -> None:
    """It decides what the tokens cost."""
    said = response(service_tier=tier)
    streamed = heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.completed", "response": said}))
    for facts in (streamed, plain(OPENAI_RESPONSES, said)):
        assert facts.token_usage is not None
        assert {name: found for name, found in facts.token_usage.metadata.items() if name == "service_tier"} == told


def test_what_hosted_tools_used_is_kept_where_it_is_anything() -> None:
    """It costs beside the tokens."""
    nothing: dict[str, Any] = {"image_gen": {"input_tokens": 0, "details": {"text_tokens": 0}}, "odd": None}
    searched = {"web_search": {"num_requests": 2}}
    assert plain(OPENAI_RESPONSES, response(tool_usage=nothing)) == FACTS
    assert plain(OPENAI_RESPONSES, response(tool_usage=7)) == FACTS
    used = plain(OPENAI_RESPONSES, response(tool_usage=nothing | searched)).token_usage
    assert used is not None
    assert used.metadata["tool_usage"] == searched
    assert plain(OPENAI_RESPONSES, response(usage=None, tool_usage=searched)).token_usage is None


def test_a_last_word_without_usage_is_no_zero() -> None:
    facts = heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.completed", "response": response(usage=None)}))
    assert (facts.ended, facts.token_usage) == (True, None)


def test_the_id_is_the_one_that_it_began_with() -> None:
    """Copilot spells it differently in every event."""
    begun = {"type": "response.in_progress", "response": BEGUN | {"id": "resp_2"}}
    ended = {"type": "response.completed", "response": response(id="resp_3")}
    assert heard(OPENAI_RESPONSES, stream(CREATED, begun, ended)) == FACTS
    assert heard(OPENAI_RESPONSES, stream({"type": "response.created"}, ended)).response_id == "resp_3"


@pytest.mark.parametrize("kind", ["response.queued", "response.in_progress"])
def test_an_answer_that_was_never_created_is_known_by_its_next_event(kind: str) -> None:
    facts = heard(OPENAI_RESPONSES, stream({"type": kind, "response": BEGUN}), ends=False)
    assert (facts.response_id, facts.model) == ("resp_1", "gpt-x")


@pytest.mark.parametrize("kind", ["response.done", "response.cancelled"])
@pytest.mark.parametrize("status", ["completed", "cancelled", "incomplete"])
def test_vendors_end_their_answers_in_words_of_their_own(kind: str, status: str) -> None:
    facts = heard(OPENAI_RESPONSES, stream(CREATED, {"type": kind, "response": response(status)}), ends=False)
    assert (facts.ended, facts.failed, facts.stop_reason) == (True, False, status)
    assert (facts.token_usage, facts.tool_usages) == (FACTS.token_usage, TOOLS)


def test_an_ending_says_by_its_status_that_it_failed() -> None:
    told = response("failed", error={"code": "server_error", "message": "no"})
    facts = heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.done", "response": told}))
    assert (facts.ended, facts.failed, facts.error_code) == (True, True, "server_error")


def test_what_a_failed_answer_used_is_final_where_it_is_told() -> None:
    told = response("failed", error={"code": "server_error", "message": "no"})
    assert heard(OPENAI_RESPONSES, stream(CREATED, {"type": "response.failed", "response": told})).token_usage == (
        FACTS.token_usage
    )


def test_an_error_without_a_type_ends_the_stream_too() -> None:
    """Proxies write so when something breaks on their side."""
    facts = heard(OPENAI_RESPONSES, stream(CREATED, {"error": {"code": 500, "message": "no"}}))
    assert (facts.ended, facts.failed, facts.error_code, facts.error_message) == (True, True, "500", "no")
    assert not heard(OPENAI_RESPONSES, stream(CREATED, {"error": None}, {"error": {}})).failed


def test_an_answer_is_read_under_the_other_content_type_too() -> None:
    comment = b": PROCESSING\n\n"
    for written in (WHOLE, comment + WHOLE):
        assert plain(OPENAI_RESPONSES, written) == FACTS
    assert heard(OPENAI_RESPONSES, json.dumps(response(), indent=1).encode()) == FACTS
    told = {"error": {"code": "server_error", "message": "no"}}
    assert heard(OPENAI_RESPONSES, json.dumps(told).encode()).error_message == "no"
    cut = plain(OPENAI_RESPONSES, stream(CREATED, item_done(ITEMS[2])))
    assert (cut.ended, len(cut.tool_usages)) == (False, 1)


def test_the_other_apis_end_is_an_end() -> None:
    """The figures stay unknown where the answer did not come whole."""
    facts = heard(OPENAI_RESPONSES, stream(CREATED, item_done(ITEMS[2]), "[DONE]"))
    assert (facts.ended, facts.failed, len(facts.tool_usages)) == (True, False, 1)
    assert facts.token_usage == TokenUsage(provider_response_id="resp_1", partial=True)


def test_figures_may_have_the_names_of_the_other_api() -> None:
    """So tell servers that only translate."""
    figures = {"prompt_tokens": 10, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}}
    assert plain(OPENAI_RESPONSES, response(usage=figures)).token_usage == TokenUsage(
        provider_response_id="resp_1", input=6, output=7, cache_read=4
    )


def called(item: dict[str, Any]) -> ToolUsage:
    (tool,) = plain(OPENAI_RESPONSES, response(output=[item])).tool_usages
    return tool


def test_a_program_of_the_models_own_is_a_call_and_so_is_what_it_calls() -> None:
    """The provider runs it; only its calls are answered by the client."""
    program = {"id": "cm_1", "type": "program", "call_id": "call_p", "code": "text(1)", "fingerprint": "x"}
    inner = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "stock",
        "arguments": "{}",
        "caller": {"type": "program", "caller_id": "call_p"},
    }
    output = {"id": "po_1", "type": "program_output", "call_id": "call_p", "result": "1"}
    assert plain(OPENAI_RESPONSES, response(output=[program, inner, output])).tool_usages == (
        usage("program", "text(1)", None, "cm_1"),
        usage("stock", "{}", "call_1", "fc_1", metadata={"caller_id": "call_p"}),
    )


def test_a_picture_is_asked_for_with_the_prompt_that_the_model_made_of_it() -> None:
    item = {"id": "ig_1", "type": "image_generation_call", "action": "generate", "revised_prompt": "a frog"}
    assert called(item) == usage("image_generation_call", "a frog", None, "ig_1", metadata={"action": "generate"})
    assert called(item | {"revised_prompt": None}) == usage("image_generation_call", "generate", None, "ig_1")


def test_what_hosted_agents_do_with_each_other_is_told_with_who_did_it() -> None:
    item = {
        "id": "mac_1",
        "type": "multi_agent_call",
        "call_id": "call_1",
        "action": "spawn_agent",
        "arguments": "{}",
        "agent": {"agent_name": "/root"},
    }
    metadata = {"action": "spawn_agent", "agent_name": "/root"}
    assert called(item) == usage("multi_agent_call", "{}", None, "mac_1", metadata=metadata)


def test_a_compaction_repeats_what_was_said_and_says_nothing_new() -> None:
    """The endpoint `/responses/compact` sends back what stays of the conversation, sealed or as it was."""
    stays = [user([{"type": "input_text", "text": "hello"}]), *ITEMS, {"id": "cmp_1", "type": "compaction"}]
    told = {"id": "resp_1", "object": "response.compaction", "output": stays, "usage": USAGE}
    listener = OPENAI_RESPONSES.listen(status=200, streaming=False, answers=True)
    listener.hear(json.dumps(told).encode())
    listener.end()
    assert listener.tell() == ReplyFacts(response_id="resp_1", token_usage=FACTS.token_usage, ended=True)


def test_events_that_make_no_sense_are_passed_over() -> None:
    nonsense: list[Any] = [item_done(7), item_done({}), {"type": 7}, [], "not json", {"type": "response.completed.x"}]
    facts = heard(OPENAI_RESPONSES, stream(CREATED, *nonsense, {"type": "response.completed", "response": response()}))
    assert facts == FACTS


@pytest.mark.parametrize("body", [b"", b"[]", b'{"id":', b"nonsense", b'{"message":"no"}'])
def test_a_good_status_with_a_bad_body_is_unread(body: bytes) -> None:
    assert plain(OPENAI_RESPONSES, body).unread


def test_an_answer_without_end_is_not_gathered_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aibridge.dialects.listening.MAX_BODY", 2000)
    call = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "bash", "arguments": "x" * 300}
    facts = heard(OPENAI_RESPONSES, stream(CREATED, *[item_done(call)] * 50))
    assert len(facts.tool_usages) < 10
    assert len(facts.notes) == 1


def test_done_is_an_end_whatever_its_event_is_called() -> None:
    body = stream(CREATED, item_done(ITEMS[2])) + b"event: done\ndata: [DONE]\n\n"
    facts = heard(OPENAI_RESPONSES, body, ends=False)
    assert (facts.ended, len(facts.tool_usages)) == (True, 1)
