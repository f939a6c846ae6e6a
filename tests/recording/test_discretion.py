"""What is left out of facts, and what is blackened in them, before any row is made."""

from typing import Any

import pytest

from aibridge.capture import WORDS, Capture, capture_of, words_of
from aibridge.recording.discretion import Discretion
from aibridge.recording.rows import Ending
from aibridge.records import (
    ModelAnswer,
    ModelThought,
    Outcome,
    ReplyFacts,
    RequestFacts,
    ThoughtSource,
    TokenUsage,
    ToolResult,
    ToolUsage,
)
from aibridge.redaction.patterns import own_pattern
from aibridge.redaction.redactor import Redactor

CASE = "CASE-1234"
MARK = "[redacted:case]"
REDACTOR = Redactor([own_pattern("case", r"CASE-\d{4}")])
EVERYTHING = capture_of(WORDS)
NOTHING = capture_of(["none"])
ENDING = Ending(outcome=Outcome.FAILED, status_code=400, error_message=f"bad {CASE}")
REQUEST = RequestFacts(
    prompt=f"ask {CASE}",
    tool_results=(ToolResult(provider_tool_call_id="t", content=f"found {CASE}", metadata={"left_out": {CASE: 1}}),),
    metadata={"request_user_agent": f"me {CASE}", "subagent": True},
)
REPLY = ReplyFacts(
    token_usage=TokenUsage(input=1, metadata={"tier": CASE}),
    tool_usages=(
        ToolUsage(
            tool="Bash",
            input=f'{{"command":"echo {CASE}"}}',
            provider_tool_call_id="t",
            server_url=f"https://{CASE}/",
            invocation_error=CASE,
            metadata={"server": CASE},
        ),
    ),
    model_thoughts=(ModelThought(source=ThoughtSource.THINKING, content=CASE, metadata={"x": CASE}),),
    model_answers=(ModelAnswer(content=CASE),),
    metadata={"x": [CASE]},
)


def test_the_words_of_a_setting_and_back() -> None:
    assert capture_of(["tools", "answers"]) == Capture(prompts=False, thoughts=False, answers=True)
    assert words_of(Capture()) == ("prompts", "tools", "thoughts")
    assert words_of(NOTHING) == ()


@pytest.mark.parametrize("words", [[], ["prompt"], ["none", "tools"]])
def test_words_that_mean_nothing_are_refused(words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"prompts, tools, thoughts, answers, tool_results, .* or none"):
        capture_of(words)


def test_where_all_is_kept_nothing_is_touched() -> None:
    """Not even copied."""
    discretion = Discretion(EVERYTHING)
    assert discretion.of_request(REQUEST) is REQUEST
    assert discretion.of_reply(REPLY, ENDING, {}) == (REPLY, ENDING)
    assert discretion.of_reply(REPLY, ENDING, {})[0] is REPLY


def test_where_nothing_is_found_nothing_is_touched() -> None:
    discretion = Discretion(EVERYTHING, Redactor([own_pattern("never", "neverever")]))
    assert discretion.of_request(REQUEST) is REQUEST
    assert discretion.of_reply(REPLY, ENDING, {})[0] is REPLY


def test_without_prompts_it_stays_that_somebody_asked() -> None:
    kept = Discretion(NOTHING).of_request(REQUEST)
    assert (kept.prompt, kept.tool_results, kept.not_captured) == ("", (), ("prompts",))
    assert kept.metadata == REQUEST.metadata


def test_without_prompts_a_side_prompt_is_left_out_too() -> None:
    facts = RequestFacts(side_request=True, metadata={"side_prompt": "make a title", "x": 1})
    kept = Discretion(NOTHING).of_request(facts)
    assert (kept.prompt, kept.metadata, kept.not_captured) == (None, {"x": 1}, ("prompts",))


@pytest.mark.parametrize("facts", [RequestFacts(), RequestFacts(prompt="")])
def test_what_was_not_there_is_not_named(facts: RequestFacts) -> None:
    assert Discretion(NOTHING).of_request(facts).not_captured == ()


def test_without_tools_the_calls_stay() -> None:
    """Threads stand on their ids."""
    kept, _ = Discretion(NOTHING).of_reply(REPLY, ENDING, {})
    (call,) = kept.tool_usages
    assert (call.tool, call.input, call.provider_tool_call_id) == ("Bash", "", "t")
    assert (kept.model_thoughts, kept.model_answers) == ((), ())
    assert kept.not_captured == ("thoughts", "tools")


def test_an_answer_without_texts_leaves_nothing_out() -> None:
    facts = ReplyFacts(tool_usages=(ToolUsage(tool="ls", input=""),))
    assert Discretion(NOTHING).of_reply(facts, ENDING, {})[0] is facts


def test_every_text_of_a_request_is_blackened() -> None:
    kept = Discretion(EVERYTHING, REDACTOR).of_request(REQUEST)
    assert CASE not in repr(kept)
    assert (kept.prompt, kept.tool_results[0].content) == (f"ask {MARK}", f"found {MARK}")
    assert kept.metadata == {"redactions": {"case": 4}, "request_user_agent": f"me {MARK}", "subagent": True}


def test_every_text_of_an_answer_is_blackened() -> None:
    """Of its error too. The count goes on where that of the start ended, since the end's goes over it."""
    kept, ending = Discretion(EVERYTHING, REDACTOR).of_reply(REPLY, ENDING, {"redactions": {"case": 4, "emails": 1}})
    assert CASE not in repr((kept, ending))
    assert kept.tool_usages[0].input == f'{{"command":"echo {MARK}"}}'
    assert ending.error_message == f"bad {MARK}"
    assert kept.metadata["redactions"] == {"case": 14, "emails": 1}


def test_a_clean_answer_leaves_the_count_of_its_start_alone() -> None:
    clean = ReplyFacts(tool_usages=(ToolUsage(tool="ls", input="{}"),))
    kept, _ = Discretion(EVERYTHING, REDACTOR).of_reply(clean, Ending(outcome=Outcome.COMPLETED, status_code=200), {})
    assert kept is clean


def test_the_count_stands_first() -> None:
    """A side prompt that fills the metadata must not push it out."""
    facts = RequestFacts(side_request=True, metadata={"side_prompt": f"{CASE} {'x' * 20_000}"})
    kept = Discretion(EVERYTHING, REDACTOR).of_request(facts)
    assert next(iter(kept.metadata)) == "redactions"


def test_what_is_left_out_is_not_looked_at() -> None:
    """Nor counted."""
    metadata: dict[str, Any] = {}
    facts = RequestFacts(prompt=CASE, metadata=metadata)
    assert Discretion(NOTHING, REDACTOR).of_request(facts).metadata == {}
