"""Recorded answers of the real providers, cut anywhere: figures and names, never their texts."""

from typing import NamedTuple

import pytest

from aibridge.dialects.registry import ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES
from aibridge.records import ReplyFacts
from support.answers import heard, pieces
from support.fixtures import recording, recordings

BY_PATH = {
    "/v1/messages": ANTHROPIC_MESSAGES,
    "/v1/chat/completions": OPENAI_CHAT,
    "/v1/responses": OPENAI_RESPONSES,
}


class Expected(NamedTuple):
    """What is known of one recorded exchange."""

    name: str
    model: str
    prompt_length: int
    response_id: str = ""
    answered_by: str = ""
    tokens: tuple[int | None, int | None, int | None, int | None] | None = None
    """Input, output, cache read, cache write."""
    partial: bool = False
    tools: tuple[tuple[str, str], ...] = ()
    """Name and call id."""
    thoughts: tuple[tuple[str, int], ...] = ()
    """Source and length."""
    error: str | None = None
    stop: str = ""
    unread: bool = False
    ended: bool = True


EXPECTED = [
    Expected(
        "anthropic/haiku_simple:streaming",
        "claude-haiku-4-5",
        47,
        response_id="msg_01Pvyf26bY17RcjmWfJsXGBn",
        answered_by="claude-haiku-4-5-20251001",
        tokens=(18, 240, 0, 0),
        thoughts=(("thinking", 101),),
        stop="end_turn",
    ),
    Expected(
        "anthropic/haiku_simple:non-streaming",
        "claude-haiku-4-5",
        47,
        response_id="msg_01Pvyf26bY17RcjmWfJsXGBn",
        answered_by="claude-haiku-4-5-20251001",
        tokens=(18, 254, 0, 0),
        thoughts=(("thinking", 101),),
        stop="end_turn",
    ),
    Expected("anthropic/non_stream_error:streaming", "claude-sonnet-4-0", 2, error="invalid_request_error"),
    Expected("anthropic/non_stream_error:non-streaming", "claude-sonnet-4-0", 2, error="invalid_request_error"),
    Expected(
        "anthropic/simple:streaming",
        "claude-sonnet-4-0",
        47,
        response_id="msg_01Pvyf26bY17RcjmWfJsXGBn",
        answered_by="claude-sonnet-4-20250514",
        tokens=(18, 240, 0, 0),
        thoughts=(("thinking", 101),),
        stop="end_turn",
    ),
    Expected(
        "anthropic/simple:non-streaming",
        "claude-sonnet-4-0",
        47,
        response_id="msg_01Pvyf26bY17RcjmWfJsXGBn",
        answered_by="claude-sonnet-4-20250514",
        tokens=(18, 254, 0, 0),
        thoughts=(("thinking", 101),),
        stop="end_turn",
    ),
    Expected(
        "anthropic/single_builtin_tool:streaming",
        "claude-sonnet-4-20250514",
        17,
        response_id="msg_015SQewixvT9s4cABCVvUE6g",
        answered_by="claude-sonnet-4-20250514",
        tokens=(2, 61, 13993, 22),
        tools=(("Read", "toolu_01RX68weRSquLx6HUTj65iBo"),),
        thoughts=(("thinking", 71),),
        stop="tool_use",
    ),
    Expected(
        "anthropic/single_builtin_tool:non-streaming",
        "claude-sonnet-4-20250514",
        17,
        response_id="msg_01JHKqEmh7wYuPXqUWUvusfL",
        answered_by="claude-sonnet-4-20250514",
        tokens=(5, 84, 23490, 0),
        tools=(("Read", "toolu_01AusGgY5aKFhzWrFBv9JfHq"),),
        thoughts=(("thinking", 71),),
        stop="tool_use",
    ),
    Expected(
        "anthropic/single_injected_tool:streaming",
        "claude-sonnet-4-20250514",
        34,
        response_id="msg_01JWGa2JHsKBHL28Cjr2dvPK",
        answered_by="claude-sonnet-4-20250514",
        tokens=(7545, 74, 0, 0),
        tools=(("bmcp_coder_coder_list_workspaces", "toolu_01TSQLR6R6wBUqoxGPjQKDAj"),),
        stop="tool_use",
    ),
    Expected(
        "anthropic/single_injected_tool:streaming/tool-call",
        "claude-sonnet-4-20250514",
        34,
        response_id="msg_01LZSVzMCLivzXrp6ZnTcmeG",
        answered_by="claude-sonnet-4-20250514",
        tokens=(7763, 128, 0, 0),
        stop="end_turn",
    ),
    Expected(
        "anthropic/single_injected_tool:non-streaming",
        "claude-sonnet-4-20250514",
        34,
        response_id="msg_01FwkWU26guw9EwkL8zeacPL",
        answered_by="claude-sonnet-4-20250514",
        tokens=(7545, 75, 0, 0),
        tools=(("bmcp_coder_coder_list_workspaces", "toolu_01QjNz5b3HxAqAccTVnSMsKP"),),
        stop="tool_use",
    ),
    Expected(
        "anthropic/single_injected_tool:non-streaming/tool-call",
        "claude-sonnet-4-20250514",
        34,
        response_id="msg_01Sr5BnPSwodTo8Df4XvUBg5",
        answered_by="claude-sonnet-4-20250514",
        tokens=(7763, 129, 0, 0),
        stop="end_turn",
    ),
    Expected(
        "anthropic/stream_error:streaming",
        "claude-sonnet-4-0",
        2,
        response_id="msg_01Pvyf26bY17RcjmWfJsXGBn",
        answered_by="claude-sonnet-4-20250514",
        tokens=(18, 1, 0, 0),
        partial=True,
        error="api_error",
    ),
    Expected("openai/chatcompletions/non_stream_error:streaming", "gpt-4.1", 47, error="context_length_exceeded"),
    Expected("openai/chatcompletions/non_stream_error:non-streaming", "gpt-4.1", 47, error="context_length_exceeded"),
    Expected(
        "openai/chatcompletions/simple:streaming",
        "gpt-4.1",
        47,
        response_id="chatcmpl-BwoiPTGRbKkY5rncfaM0s9KtWrq5N",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(19, 238, 0, None),
        stop="stop",
    ),
    Expected(
        "openai/chatcompletions/simple:non-streaming",
        "gpt-4.1",
        47,
        response_id="chatcmpl-BwoiPTGRbKkY5rncfaM0s9KtWrq5N",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(19, 200, 0, None),
        stop="stop",
    ),
    Expected(
        "openai/chatcompletions/single_injected_tool:streaming",
        "gpt-4.1",
        34,
        response_id="chatcmpl-C1WTooFaxeQgtyLB1kg53t41aB0NV",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(4862, 45, 0, None),
        tools=(("bmcp_coder_coder_list_workspaces", "call_0TxntkwDB66KH8z4RwNqeWrZ"),),
        stop="tool_calls",
    ),
    Expected(
        "openai/chatcompletions/single_injected_tool:streaming/tool-call",
        "gpt-4.1",
        34,
        response_id="chatcmpl-C1WTqhYgK7bV01bW98Lww3zqaf8ZF",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(185, 60, 4864, None),
        stop="stop",
    ),
    Expected(
        "openai/chatcompletions/single_injected_tool:non-streaming",
        "gpt-4.1",
        34,
        response_id="chatcmpl-C1XAKDTVYnmWS7tgvg7vPje00PIiy",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(4862, 45, 0, None),
        tools=(("bmcp_coder_coder_list_workspaces", "call_aEuQAWKQYInC6fQ4z0iatdVP"),),
        stop="tool_calls",
    ),
    Expected(
        "openai/chatcompletions/single_injected_tool:non-streaming/tool-call",
        "gpt-4.1",
        34,
        response_id="chatcmpl-C1XANLwdflVxAjKOjbMP3LJxSlXsS",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(185, 60, 4864, None),
        stop="stop",
    ),
    Expected(
        "openai/chatcompletions/stream_error:streaming",
        "gpt-4.1",
        47,
        response_id="chatcmpl-BwoiPTGRbKkY5rncfaM0s9KtWrq5N",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(None, None, None, None),
        partial=True,
        error="server_error",
    ),
    Expected(
        "openai/chatcompletions/streaming_injected_tool_no_preamble:streaming",
        "claude-haiku-4.5",
        91,
        response_id="msg_vrtx_01UoiRJwj3JXcwNYAh3z7ARs",
        answered_by="claude-haiku-4.5",
        tokens=(5246, 65, 20470, None),
        tools=(("bmcp_coder_coder_list_workspaces", "toolu_vrtx_01CvBi1d4qpKTG2PCuc9wDbZ"),),
        stop="tool_calls",
    ),
    Expected(
        "openai/chatcompletions/streaming_injected_tool_no_preamble:streaming/tool-call",
        "claude-haiku-4.5",
        91,
        response_id="msg_vrtx_015B1npskreQgEjMrfsdjH1m",
        answered_by="claude-haiku-4.5",
        tokens=(25989, 85, 0, None),
        stop="stop",
    ),
    Expected(
        "openai/responses/blocking/commentary_builtin_tool:non-streaming",
        "gpt-5.4",
        67,
        response_id="resp_0aba2ac43dc240b30169b15720243c819ebb64977365d42cf5",
        answered_by="gpt-5.4-2026-03-05",
        tokens=(58, 30, 0, None),
        tools=(("add", "call_A8TkZmIcKtw2Zw952Wc5QVe7"),),
        thoughts=(("commentary", 66),),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/conversation:non-streaming",
        "gpt-4o-mini",
        26,
        response_id="resp_0c9f1f0524a858fa00695fa15fc5a081958f4304aafd3bdec2",
        answered_by="gpt-4o-mini-2024-07-18",
        tokens=(48, 116, 0, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/multi_reasoning_builtin_tool:non-streaming",
        "gpt-4.1",
        67,
        response_id="resp_0da6045a8b68fa5200695fa23dcc2c81a19c849f627abf8a31",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(58, 18, 0, None),
        tools=(("add", "call_CJSaa2u51JG996575oVljuNq"),),
        thoughts=(("reasoning_summary", 60), ("reasoning_summary", 50)),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/prev_response_id:non-streaming",
        "gpt-4o-mini",
        26,
        response_id="resp_0388c79043df3e3400695f9f86cfa08195af1f015c60117a83",
        answered_by="gpt-4o-mini-2024-07-18",
        tokens=(43, 129, 0, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/simple:non-streaming",
        "gpt-4o-mini",
        14,
        response_id="resp_0388c79043df3e3400695f9f83cd6481959062cec6830d8d51",
        answered_by="gpt-4o-mini-2024-07-18",
        tokens=(11, 18, 0, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/single_builtin_tool:non-streaming",
        "gpt-4.1",
        67,
        response_id="resp_0da6045a8b68fa5200695fa23dcc2c81a19c849f627abf8a31",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(58, 18, 0, None),
        tools=(("add", "call_CJSaa2u51JG996575oVljuNq"),),
        thoughts=(("reasoning_summary", 60),),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/single_builtin_tool_parallel:non-streaming",
        "gpt-4.1",
        73,
        response_id="resp_parallel_blocking_001",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(65, 30, 0, None),
        tools=(("add", "call_ParallelBlockingFirst001"), ("add", "call_ParallelBlockingSecond01")),
        thoughts=(("reasoning_summary", 68),),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/single_injected_tool:non-streaming",
        "gpt-5.2",
        73,
        response_id="resp_012db006225b0ec700696b5de8a01481a28182ea6885448f93",
        answered_by="gpt-5.2-2025-12-11",
        tokens=(227, 75, 6144, None),
        tools=(("bmcp_coder_coder_template_version_parameters", "call_5AroFIQIK3cm3suliZdux0TB"),),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/single_injected_tool:non-streaming/tool-call",
        "gpt-5.2",
        73,
        response_id="resp_012db006225b0ec700696b5dec1d4c81a2a6a416e31af39b90",
        answered_by="gpt-5.2-2025-12-11",
        tokens=(612, 231, 6144, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/single_injected_tool_error:non-streaming",
        "gpt-5.2",
        92,
        response_id="resp_06e2afba24b6b2ad00696b774d1df0819eaf1ec802bc8a2ca9",
        answered_by="gpt-5.2-2025-12-11",
        tokens=(233, 119, 6144, None),
        tools=(("bmcp_coder_coder_delete_template", "call_ITNAVLCwsZSEAlQHq8C8bS5L"),),
        stop="completed",
    ),
    Expected(
        "openai/responses/blocking/single_injected_tool_error:non-streaming/tool-call",
        "gpt-5.2",
        92,
        response_id="resp_06e2afba24b6b2ad00696b775044e8819ea14840698ef966e2",
        answered_by="gpt-5.2-2025-12-11",
        tokens=(395, 144, 6144, None),
        stop="completed",
    ),
    Expected("openai/responses/blocking/wrong_response_format:non-streaming", "gpt-6.7", 5, unread=True),
    Expected(
        "openai/responses/streaming/builtin_tool:streaming",
        "gpt-4.1",
        67,
        response_id="resp_0c3fb28cfcf463a500695fa2f0239481a095ec6ce3dfe4d458",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(58, 18, 0, None),
        tools=(("add", "call_7VaiUXZYuuuwWwviCrckxq6t"),),
        thoughts=(("reasoning_summary", 60),),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/cached_input_tokens:streaming",
        "gpt-5.2-codex",
        25,
        response_id="resp_05080461b406f3f501696a1409d34c8195a40ff4b092145c35",
        answered_by="gpt-5.2-codex",
        tokens=(1165, 54, 15744, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/commentary_builtin_tool:streaming",
        "gpt-5.4",
        67,
        response_id="resp_0aba2ac43dc240b30169b15720243c819ebb64977365d42cf5",
        answered_by="gpt-5.4-2026-03-05",
        tokens=(58, 30, 0, None),
        tools=(("add", "call_A8TkZmIcKtw2Zw952Wc5QVe7"),),
        thoughts=(("commentary", 66),),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/custom_tool:streaming",
        "gpt-5",
        59,
        response_id="resp_0c26996bc41c2a0500696942e83634819fb71b2b8ff8a4a76c",
        answered_by="gpt-5-2025-08-07",
        tokens=(64, 340, 0, None),
        tools=(("code_exec", "call_2gSnF58IEhXLwlbnqbm5XKMd"),),
        stop="completed",
    ),
    Expected("openai/responses/streaming/http_error:streaming", "gpt-4o-mini", 14, error="rate_limit_exceeded"),
    Expected(
        "openai/responses/streaming/simple:streaming",
        "gpt-4o-mini",
        14,
        response_id="resp_0f9c4b2f224d858000695fa062bf048197a680f357bbb09000",
        answered_by="gpt-4o-mini-2024-07-18",
        tokens=(11, 18, 0, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/single_injected_tool:streaming",
        "gpt-4.1-mini",
        24,
        response_id="resp_016595fe42aa62ca0069724419c52081a0b7eb479c6bc8109f",
        answered_by="gpt-4.1-mini-2025-04-14",
        tokens=(6269, 18, 0, None),
        tools=(("bmcp_coder_coder_list_templates", "call_GuuoyhUrVJQbWfHHz0xaX3n9"),),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/single_injected_tool:streaming/tool-call",
        "gpt-4.1-mini",
        24,
        response_id="resp_0bc5f54fce6df69a006972442175908194bb81d31f576e6ca6",
        answered_by="gpt-4.1-mini-2025-04-14",
        tokens=(319, 182, 6144, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/single_injected_tool_error:streaming",
        "gpt-4.1",
        72,
        response_id="resp_0dfed48e1052ad7f0069725ca129f88193b97d6deff1760524",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(6280, 30, 0, None),
        tools=(("bmcp_coder_coder_create_workspace_build", "call_1wHAlwmnxtbUzowDJkmlcpJ4"),),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/single_injected_tool_error:streaming/tool-call",
        "gpt-4.1",
        72,
        response_id="resp_0dfed48e1052ad7f0069725ca39880819390fcc5b2eb8cf8c6",
        answered_by="gpt-4.1-2025-04-14",
        tokens=(6346, 56, 0, None),
        stop="completed",
    ),
    Expected(
        "openai/responses/streaming/stream_error:streaming",
        "gpt-6.7",
        18,
        response_id="resp_123",
        tokens=(None, None, None, None),
        partial=True,
        error="ERR_SOMETHING",
    ),
    Expected(
        "openai/responses/streaming/summary_and_commentary_builtin_tool:streaming",
        "gpt-5.4",
        67,
        response_id="resp_1bba3bc54ed351c41270c26831354d920fcc75088476e53de6",
        answered_by="gpt-5.4-2026-03-05",
        tokens=(58, 35, 0, None),
        tools=(("add", "call_B9UjYX01Lvvv1XwjDsdmRW3f"),),
        thoughts=(("reasoning_summary", 41), ("commentary", 54)),
        stop="completed",
    ),
]


def told(facts: ReplyFacts, name: str, model: str, prompt: str | None) -> Expected:
    usage = facts.token_usage
    return Expected(
        name=name,
        model=model,
        prompt_length=len(prompt or ""),
        response_id=facts.response_id,
        answered_by=facts.model,
        tokens=(usage.input, usage.output, usage.cache_read, usage.cache_write) if usage else None,
        partial=usage is not None and usage.partial,
        tools=tuple((tool.tool, str(tool.provider_tool_call_id)) for tool in facts.tool_usages),
        thoughts=tuple((str(thought.source), len(thought.content)) for thought in facts.model_thoughts),
        error=facts.error_code if facts.failed else None,
        stop=facts.stop_reason,
        unread=facts.unread,
        ended=facts.ended,
    )


@pytest.mark.parametrize("expected", EXPECTED, ids=[one.name for one in EXPECTED])
def test_a_recorded_exchange_is_read_right_however_it_is_cut(expected: Expected) -> None:
    exchange = recording(expected.name)
    assert exchange.request is not None
    dialect = BY_PATH[exchange.path]
    streaming = any(b"event-stream" in value for _, value in exchange.answer.headers)

    request = dialect.read_request(exchange.request, {})
    answers = [
        heard(dialect, pieces(exchange.answer.body, seed), status=exchange.answer.status, streaming=streaming)
        for seed in range(6)
    ]

    assert told(answers[0], expected.name, request.model, request.prompt) == expected
    assert all(answer == answers[0] for answer in answers)


def test_no_recorded_exchange_is_forgotten() -> None:
    if not recordings():
        pytest.skip("no recorded traffic beside the checkout")
    assert {one.name for one in recordings() if one.request is not None} == {one.name for one in EXPECTED}
