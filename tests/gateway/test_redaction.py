"""What must not be kept stands nowhere: not in the database, not in the log of records, not in what the API shows."""

import io
import json
from collections.abc import AsyncIterator
from itertools import product

import pytest
import pytest_asyncio

from aibridge.demo.script import Answer, CallTool, Cut, Fail, Text, Think
from aibridge.ops.logs import LogFormat, configure_logs
from support import asking
from support.marked import DIALECTS, KINDS, markers, said
from support.postgres import fresh_database
from support.schema import contents
from support.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "sk-ant-api03-" + "N0tF0rTheRec0rd_" * 3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def blackening(database_server: str, template: str) -> AsyncIterator[Stage]:
    """A gateway that keeps every kind of text, and blackens markers, secrets and addresses in each."""
    environ = {
        "AIBRIDGE_CAPTURE": ",".join(KINDS),
        "AIBRIDGE_REDACT": "secrets,emails",
        "AIBRIDGE_REDACT_PATTERN_MARKER": r"mark[a-z]+q\d+q",
        "AIBRIDGE_LOG_RECORDS": "true",
    }
    async with fresh_database(database_server, template) as database, open_stage(database, environ=environ) as stage:
        yield stage


async def test_nothing_that_was_blackened_stands_anywhere(blackening: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every dialect, streamed and plain, every kind of text; in a dump of all tables, in the log, in the API."""
    log = io.StringIO()
    configure_logs(LogFormat.JSON, stream=log)
    marks: list[str] = []
    told = ""
    for number, (dialect, stream) in enumerate(product(DIALECTS, (True, False))):
        stage = await blackening.visited_by()
        type_, path, asks = DIALECTS[dialect]
        mark = markers(f"q{number}q")
        marks += mark
        body = asks(mark, stream=stream)
        provider = stage.says(said(mark))
        answer = await stage.gateway.post(path, body, provider=type_)
        assert (answer.status_code, provider.requests[0].body) == (200, body)
        record = await stage.gateway.only()
        assert record["metadata"]["redactions"] == {"marker": 5}
        assert [each["prompt"] for each in record["user_prompts"]] == ["ask [redacted:marker]"]
        assert [each["content"] for each in record["tool_results"]] == ["found [redacted:marker]"]
        assert [each["content"] for each in record["model_thoughts"]] == ["I think [redacted:marker]."]
        assert [each["content"] for each in record["model_answers"]] == ["I say [redacted:marker]."]
        assert [json.loads(each["input"]) for each in record["tool_usages"]] == [{"command": "echo [redacted:marker]"}]
        told += json.dumps(record)
    places = (contents(blackening.database), log.getvalue(), told)
    assert [mark for mark in marks for place in places if mark in place] == []
    assert all(f"{word} [redacted:marker]" in place for place in places for word in ("ask", "found", "think", "say"))


async def test_a_secret_that_comes_in_pieces_is_found(blackening: Stage) -> None:
    """Its letters come one by one, in a text, in a thought and in the arguments of a tool; the client gets them all."""
    stage = await blackening.visited_by()

    parts = (Think(f"use {SECRET}"), Text(f"use {SECRET}"), CallTool("Bash", {"command": f"export K={SECRET}\n"}))
    stage.says(Answer(parts=parts, delta=1))
    type_, path, asks = DIALECTS["messages"]
    await stage.gateway.post(path, asks(markers("x"), stream=True), provider=type_)
    record = await stage.gateway.only()
    assert SECRET[-16:] not in json.dumps(record)
    assert record["metadata"]["redactions"] == {"secrets": 3}
    assert json.loads(record["tool_usages"][0]["input"]) == {"command": "export K=[redacted:secrets]\n"}


async def test_arguments_that_were_cut_hold_nothing_either(blackening: Stage) -> None:
    stage = await blackening.visited_by()
    stage.says([CallTool("Bash", '{"command":"echo me@example.com \\u006de@example.com and then'), Cut()])
    type_, path, asks = DIALECTS["messages"]
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        await stage.gateway.post(path, asks(markers("x"), stream=True), provider=type_)
    (record,) = await stage.gateway.ended()
    assert record["tool_usages"][0]["input"] == '{"command":"echo [redacted:emails] [redacted:emails] and then'


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
async def test_an_error_that_quotes_a_prompt_is_blackened(blackening: Stage, *, stream: bool) -> None:
    """And counted with what was found in the request."""
    stage = await blackening.visited_by()
    message = "cannot write to dana@example.com"
    stage.says([Text("x"), Fail(message=message)] if stream else Fail(400, message=message))
    type_, path, asks = DIALECTS["messages"]
    body = asks(markers("x"), stream=stream).replace(b"ask ", b"write to dana@example.com ")
    await stage.gateway.post(path, body, provider=type_)
    record = await stage.gateway.only()
    assert record["error_message"] == "cannot write to [redacted:emails]"
    assert record["user_prompts"][0]["prompt"].startswith("write to [redacted:emails] ")
    assert record["metadata"]["redactions"] == {"emails": 2}
    assert "dana@example.com" not in json.dumps(record)


async def test_the_list_of_sessions_shows_what_is_left(blackening: Stage) -> None:
    """Excerpts are cut from what was blackened: half a secret at their end is none."""
    stage = await blackening.visited_by()
    stage.says(Text("hello"))
    type_, path, asks = DIALECTS["messages"]
    filler = "x " * 240
    await stage.gateway.post(
        path, asks(markers("x"), stream=False).replace(b"ask ", f"{filler}{SECRET} ".encode()), provider=type_
    )
    answer = await stage.gateway.http.get(
        f"{stage.gateway.url}/api/v2/aibridge/sessions", headers={"authorization": f"Bearer {stage.token}"}
    )
    (session,) = answer.json()["sessions"]
    assert session["first_prompt"] == f"{filler}[redacted:secrets] markpromptsx"[:500]


async def test_a_prompt_of_odd_characters_is_blackened_and_stored(blackening: Stage) -> None:
    """U+0000 and half a character, beside an address."""
    stage = await blackening.visited_by()
    stage.says(Text("hello"))
    body = asking.messages("PROMPT").replace(b"PROMPT", b"a\\u0000 \\ud800 me@example.com")
    await stage.gateway.post("/v1/messages", body)
    record = await stage.gateway.only()
    assert record["user_prompts"][0]["prompt"] == "a\ufffd \ufffd [redacted:emails]"
    assert record["notes"] == ["prompt: unstorable characters replaced by U+FFFD"]
