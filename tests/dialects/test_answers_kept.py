"""What the model says to whoever asked is told where it is asked for, and costs nothing where it is not."""

import json
from typing import Any

import pytest

from aibridge.dialects.dialect import Dialect
from aibridge.dialects.notes import Notes
from aibridge.dialects.registry import ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES
from aibridge.dialects.said import CUT, MAX_ANSWER, Said
from aibridge.records import ModelAnswer, ReplyFacts
from support.answers import event, pieces, stream


def told(dialect: Dialect, body: bytes, *, streaming: bool = True, ends: bool = True, seed: int = 0) -> ReplyFacts:
    listener = dialect.listen(status=200, streaming=streaming, answers=True)
    for piece in pieces(body, seed):
        listener.hear(piece)
    if ends:
        listener.end()
    return listener.tell()


def plain(dialect: Dialect, body: Any) -> ReplyFacts:
    return told(dialect, json.dumps(body).encode(), streaming=False)


def texts(facts: ReplyFacts) -> list[str]:
    return [answer.content for answer in facts.model_answers]


def whole(*contents: str) -> tuple[ModelAnswer, ...]:
    return tuple(ModelAnswer(content=content) for content in contents)


def cut(content: str) -> tuple[ModelAnswer, ...]:
    return (ModelAnswer(content=content, metadata={"incomplete": True}),)


def block(index: int, *deltas: str, first: str = "", kind: str = "text") -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": {"type": kind, "text": first}},
        *(
            {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": delta}}
            for delta in deltas
        ),
        {"type": "content_block_stop", "index": index},
    ]


START = {"type": "message_start", "message": {"id": "msg_1", "model": "claude-test", "usage": {"input_tokens": 1}}}


@pytest.mark.parametrize("seed", range(4))
def test_anthropic_tells_each_block_of_text(seed: int) -> None:
    """In order, put together from pieces; what stands between, such as a call, is told as ever."""
    call = {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "ls"}}
    body = stream(START, *block(0, "Hel", "lo \u00e9\U0001f600"), call, *block(2, "more", first="a bit "))
    facts = told(ANTHROPIC_MESSAGES, body, seed=seed)
    assert facts.model_answers == whole("Hello \u00e9\U0001f600", "a bit more")
    assert [tool.tool for tool in facts.tool_usages] == ["ls"]


def test_anthropic_tells_texts_that_share_an_index() -> None:
    """Some vendors count every block as the first; some tell pieces of a text that never began."""
    assert told(ANTHROPIC_MESSAGES, stream(START, *block(0, "one"), *block(0, "two"))).model_answers == whole(
        "one", "two"
    )
    loose = [event for position in (0, 1) for event in block(position, "a", "b")[1:]]
    assert told(ANTHROPIC_MESSAGES, stream(START, *loose)).model_answers == whole("ab", "ab")


def test_anthropic_tells_texts_of_an_answer_that_its_start_tells_at_once() -> None:
    message = {"id": "msg_1", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}
    body = stream({"type": "message_start", "message": message}, *block(2, "three"))
    assert told(ANTHROPIC_MESSAGES, body).model_answers == whole("one", "two", "three")


def test_anthropic_tells_a_block_that_was_cut() -> None:
    events = block(0, "Hel", "lo")[:-1]
    assert told(ANTHROPIC_MESSAGES, stream(START, *events), ends=False).model_answers == cut("Hello")


def test_anthropic_tells_texts_of_a_plain_answer() -> None:
    """Also of one that is spelt strangely."""
    content = [{"type": "text", "text": "one"}, {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "two"}]
    body = {"id": "msg_1", "model": "m", "content": content, "usage": {}}
    assert plain(ANTHROPIC_MESSAGES, body).model_answers == whole("one", "two")
    assert plain(ANTHROPIC_MESSAGES, body | {"model": None}).model_answers == whole("one", "two")
    odd = json.dumps(body).encode().replace(b'"one"', b'"one \\ud800"')
    assert texts(told(ANTHROPIC_MESSAGES, odd, streaming=False)) == ["one \ud800", "two"]


def chunk(delta: dict[str, Any], *, index: int = 0, reason: str | None = None) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt", "choices": [choice]}


@pytest.mark.parametrize("seed", range(4))
def test_chat_tells_each_choice(seed: int) -> None:
    """After many pieces too, where texts are passed over when nobody asks for them."""
    deltas = [chunk({"content": f"{number} "}) for number in range(50)]
    body = stream(
        chunk({"role": "assistant", "content": ""}),
        *deltas,
        chunk({"content": "other"}, index=1, reason="stop"),
        chunk({}, reason="stop"),
        "[DONE]",
    )
    facts = told(OPENAI_CHAT, body, seed=seed)
    assert facts.model_answers == whole(" ".join(map(str, range(50))) + " ", "other")


def test_chat_tells_a_refusal_and_says_that_it_is_one() -> None:
    body = stream(chunk({"refusal": "I will "}), chunk({"refusal": "not"}, reason="stop"), "[DONE]")
    assert told(OPENAI_CHAT, body).model_answers == (ModelAnswer(content="I will not", metadata={"refusal": True}),)


def test_chat_tells_what_was_cut() -> None:
    body = stream(*(chunk({"content": "word "}) for _ in range(20)))
    assert told(OPENAI_CHAT, body, ends=False).model_answers == cut("word " * 20)


def test_chat_tells_a_plain_answer() -> None:
    """A text, or an array of parts as some vendors answer."""
    parts = [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}, 7]
    choices = [
        {"index": number, "message": {"content": content}, "finish_reason": "stop"}
        for number, content in enumerate(["text", parts, None])
    ]
    assert plain(OPENAI_CHAT, {"id": "c", "model": "m", "choices": choices}).model_answers == whole("text", "in parts")


def message(*parts: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": part, "annotations": []} for part in parts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content, **more}


def delta(text: str, *, place: int = 0, kind: str = "output_text") -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "item_id": f"odd{text}", "output_index": place, "delta": text}


CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt"}}


@pytest.mark.parametrize("seed", range(4))
def test_responses_tell_the_messages_of_the_terminal_event(seed: int) -> None:
    """Once, though every word came in a piece too; commentary is a thought."""
    output = [message("thinking aloud", phase="commentary"), message("Hello", " there"), {"type": "reasoning"}]
    body = stream(
        CREATED,
        delta("Hel", place=1),
        delta("lo", place=1),
        {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": output}},
    )
    facts = told(OPENAI_RESPONSES, body, seed=seed)
    assert facts.model_answers == whole("Hello", " there")
    assert [thought.content for thought in facts.model_thoughts] == ["thinking aloud"]


def test_responses_tell_what_was_cut() -> None:
    """Items that came whole, then what came of the others; not what began as commentary."""
    body = stream(
        CREATED,
        delta("Hello"),
        {"type": "response.output_item.done", "output_index": 0, "item": message("Hello")},
        {"type": "response.output_item.added", "output_index": 1, "item": message(phase="commentary")},
        delta("thinking aloud", place=1),
        delta("and ", place=2),
        delta("more", place=2),
        delta("no", place=3, kind="refusal"),
    )
    assert told(OPENAI_RESPONSES, body, ends=False).model_answers == (
        *whole("Hello"),
        *cut("and more"),
        ModelAnswer(content="no", metadata={"incomplete": True, "refusal": True}),
    )


def test_responses_tell_an_item_that_says_it_is_not_whole() -> None:
    body = {"id": "r", "status": "incomplete", "output": [message("Hel", status="incomplete")]}
    assert plain(OPENAI_RESPONSES, body).model_answers == cut("Hel")


def test_responses_tell_a_refusal() -> None:
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}
    facts = plain(OPENAI_RESPONSES, {"id": "r", "output": [refusal]})
    assert facts.model_answers == (ModelAnswer(content="no", metadata={"refusal": True}),)


def test_a_terminal_event_without_its_items_leaves_what_was_heard() -> None:
    body = stream(CREATED, delta("Hello"), {"type": "response.completed", "response": {"id": "resp_1", "output": []}})
    assert told(OPENAI_RESPONSES, body).model_answers == cut("Hello")


@pytest.mark.parametrize("dialect", [ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES])
@pytest.mark.parametrize("streaming", [True, False])
def test_nobody_asks_and_nothing_is_told(dialect: Dialect, *, streaming: bool) -> None:
    bodies = {
        "anthropic_messages": stream(START, *block(0, "Hello")),
        "openai_chat": stream(chunk({"content": "Hello"}, reason="stop"), "[DONE]"),
        "openai_responses": stream(CREATED, delta("Hello")),
    }
    listener = dialect.listen(status=200, streaming=streaming)
    listener.hear(bodies[dialect.name] if streaming else b'{"id":"x","content":[{"type":"text","text":"Hello"}]}')
    listener.end()
    assert listener.tell().model_answers == ()


def test_an_answer_without_end_is_kept_up_to_a_bound() -> None:
    """And a note says so; the pieces after it take no memory."""
    piece = "\u00e9" * 1000
    listener = ANTHROPIC_MESSAGES.listen(status=200, streaming=True, answers=True)
    listener.hear(stream(START, *block(0)[:1]))
    more = event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}})
    for _ in range(MAX_ANSWER // 1000 + 5):
        listener.hear(more)
    facts = listener.tell()
    assert texts(facts) == ["\u00e9" * MAX_ANSWER]
    assert facts.notes == (CUT,)


def test_what_is_told_elsewhere_makes_room() -> None:
    said = Said(Notes())
    said.hear(1, "x" * MAX_ANSWER)
    said.forget(1)
    said.forget(1)
    said.hear(2, "y")
    said.hear(2, 7)
    said.hear(2, "")
    said.close(3)
    assert [answer.content for answer in said.told()] == ["y"]
