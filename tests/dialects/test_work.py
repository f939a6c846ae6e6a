"""Reading takes time in proportion to what is read, however a stranger arranges it.

The limits are some ten times what these take; work in proportion to the square would be far beyond them.
"""

import json
import time
from typing import Any

import pytest

from aibridge.dialects.dialect import Dialect
from aibridge.dialects.registry import OPENAI_CHAT, OPENAI_RESPONSES
from support.answers import event, heard

SECONDS = 10


def called(**function: str) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "id": "call_1", "function": function}]}


def chunks(delta: dict[str, Any], number: int) -> bytes:
    return event(json.dumps({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]})) * number


PIECES = {"tool_calls": [{"index": 0, "function": {"arguments": "abcd"}}]}
SUMMARY = {"type": "response.reasoning_summary_text.done", "output_index": 0, "text": "a"}


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        pytest.param(OPENAI_CHAT, chunks(called(name="f"), 1) + chunks(PIECES, 60_000), id="arguments"),
        pytest.param(OPENAI_CHAT, chunks(called(name="f", arguments="}"), 40_000), id="whole arguments"),
        pytest.param(OPENAI_CHAT, chunks(called(name="xy" * 200), 20_000), id="repeated names"),
        pytest.param(
            OPENAI_CHAT, chunks(called(name="x"), 1) + chunks(called(name="yz" * 200), 20_000), id="pieces of names"
        ),
        pytest.param(OPENAI_RESPONSES, event(json.dumps(SUMMARY)) * 100_000, id="summaries"),
    ],
)
def test_a_stream_takes_time_in_proportion_to_its_size(dialect: Dialect, body: bytes) -> None:
    began = time.process_time()
    facts = heard(dialect, body, ends=False)
    assert time.process_time() - began < SECONDS
    assert facts.tool_usages or facts.model_thoughts


def test_the_frame_of_codex_is_looked_for_in_proportion_to_the_text() -> None:
    text = "# AGENTS.md instructions" + " " * 100_000
    body = json.dumps({"model": "m", "input": [{"role": "user", "content": text}]}).encode()
    began = time.process_time()
    facts = OPENAI_RESPONSES.read_request(body, {b"user-agent": b"codex_cli_rs/0.169.0"})
    assert time.process_time() - began < SECONDS
    assert facts.prompt == text
