"""What is kept follows the settings, in every dialect, whatever the settings are; the bytes never do."""

import hashlib
from collections.abc import AsyncIterator
from itertools import product

import pytest
import pytest_asyncio

from aibridge.demo.script import Cut, Fail, Text, Think, Wire, exactly
from aibridge.demo.wire import head
from support.marked import DIALECTS, KINDS, Markers, markers, said
from support.postgres import fresh_database
from support.schema import contents
from support.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALL = ",".join(KINDS)
WORDS = (*KINDS, "none", ALL)
DEFAULT = {"prompts", "tools", "thoughts"}


def instance(type_: str, word: str) -> str:
    return f"{type_}-{word.replace('_', '-').replace(ALL.replace('_', '-'), 'all')}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settled(database_server: str, template: str) -> AsyncIterator[Stage]:
    """A gateway with a provider of each type for every word of the setting."""
    environ: dict[str, str] = {}
    for number, (type_, word) in enumerate(product(("anthropic", "openai"), WORDS), start=4):
        version = "/v1" if type_ == "openai" else ""
        environ |= {
            f"AIBRIDGE_PROVIDER_{number}_TYPE": type_,
            f"AIBRIDGE_PROVIDER_{number}_NAME": instance(type_, word),
            f"AIBRIDGE_PROVIDER_{number}_KEY": "sk-provider",
            f"AIBRIDGE_PROVIDER_{number}_BASE_URL": "{upstream}" + version,
            f"AIBRIDGE_PROVIDER_{number}_CAPTURE": word,
        }
    async with fresh_database(database_server, template) as database, open_stage(database, environ=environ) as stage:
        yield stage


def kept(word: str) -> set[str]:
    """The kinds that a setting keeps."""
    return set(word.split(",")) & set(KINDS)


async def exchanged(stage: Stage, dialect: str, provider: str, marks: Markers, *, stream: bool) -> None:
    """Carry one marked exchange and prove that no byte was changed, neither way."""
    _, path, asks = DIALECTS[dialect]
    body = asks(marks, stream=stream)
    stage.says(said(marks))
    scripted = await stage.directly(path, body)
    kind = (b"content-type", scripted.headers["content-type"].encode())
    told = stage.says(exactly(head(200, [kind], Wire(), len(scripted.content)) + scripted.content, wire=Wire()))
    answer = await stage.gateway.post(path, body, provider=provider)
    assert (answer.status_code, told.requests[0].body) == (200, body)
    assert answer.content == scripted.content


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
@pytest.mark.parametrize("word", WORDS, ids=lambda word: "all" if word == ALL else word)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_kind_of_text_is_kept_when_it_is_asked_for_and_else_is_not(
    settled: Stage, dialect: str, word: str, *, stream: bool
) -> None:
    """Whatever is kept, what happened is told: who asked when, which tool was called by which id, how many tokens."""
    stage = await settled.visited_by()
    marks = markers("x")
    provider = instance(DIALECTS[dialect][0], word)
    await exchanged(stage, dialect, provider, marks, stream=stream)

    record = await stage.gateway.only()
    keeps = kept(word)
    assert [each["prompt"] for each in record["user_prompts"]] == [f"ask {marks.prompts}" if "prompts" in keeps else ""]
    (call,) = record["tool_usages"]
    assert (call["tool"], call["provider_tool_call_id"]) == ("Bash", "call_marked")
    assert (marks.tools in call["input"], call["input"] == "") == ("tools" in keeps, "tools" not in keeps)
    thoughts = [each["content"] for each in record["model_thoughts"]]
    assert thoughts == ([f"I think {marks.thoughts}."] if "thoughts" in keeps else [])
    answers = [(each["content"], each["metadata"]) for each in record["model_answers"]]
    assert answers == ([(f"I say {marks.answers}.", {})] if "answers" in keeps else [])
    results = [(each["provider_tool_call_id"], each["content"]) for each in record["tool_results"]]
    assert results == ([("toolu_before", f"found {marks.tool_results}")] if "tool_results" in keeps else [])
    assert record["not_captured"] == sorted(DEFAULT - keeps)
    assert record["notes"] == []
    assert record["outcome"] == "completed"
    assert record["token_usages"][0]["output_tokens"] == 61


async def test_what_is_not_kept_stands_nowhere_in_the_database(settled: Stage) -> None:
    """A dump of every row of every table: no marker of a kind that was left out, each of one that was kept."""
    expected: dict[str, bool] = {}
    for number, (dialect, word, stream) in enumerate(product(DIALECTS, WORDS, (True, False))):
        marks = markers(f"q{number}q")
        stage = await settled.visited_by()
        await exchanged(stage, dialect, instance(DIALECTS[dialect][0], word), marks, stream=stream)
        expected |= {mark: kind in kept(word) for kind, mark in marks._asdict().items()}
    dump = contents(settled.database)
    assert {mark: mark in dump for mark in expected} == expected


async def test_a_record_with_nothing_left_out_says_so(settled: Stage) -> None:
    """A kind that was not there is not named: no thought was had, no tool was called."""
    stage = await settled.visited_by()
    stage.says(Text("hello"))
    await stage.gateway.post(
        "/v1/messages", DIALECTS["messages"][2](markers("x"), stream=True), provider=instance("anthropic", "none")
    )
    assert (await stage.gateway.only())["not_captured"] == ["prompts"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_that_is_cut_is_kept_as_far_as_it_came(settled: Stage, dialect: str) -> None:
    """And says that it is not whole."""
    stage = await settled.visited_by()
    type_, path, asks = DIALECTS[dialect]
    stage.says([Text("The first words of many"), Cut()])
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        await stage.gateway.post(path, asks(markers("x"), stream=True), provider=instance(type_, ALL))
    (record,) = await stage.gateway.ended()
    (answer,) = record["model_answers"]
    assert "The first words of many".startswith(answer["content"])
    assert len(answer["content"]) > 5
    assert (record["outcome"], answer["metadata"]) == ("truncated", {"incomplete": True})


async def test_a_session_shows_that_somebody_asked_and_not_what(settled: Stage) -> None:
    """The empty prompt still moves the session's last activity, and its steps say what was left out."""
    stage = await settled.visited_by()
    await exchanged(stage, "messages", "anthropic-none", markers("x"), stream=False)
    answer = await stage.gateway.http.get(
        f"{stage.gateway.url}/api/v2/aibridge/sessions", headers={"authorization": f"Bearer {stage.token}"}
    )
    (session,) = answer.json()["sessions"]
    assert (session["first_prompt"], session["last_prompt"]) == ("", "")
    record = await stage.gateway.only()
    assert session["last_active_at"] == record["user_prompts"][0]["created_at"]


async def test_steps_show_answers_and_results(settled: Stage) -> None:
    """As the interceptions do."""
    stage = await settled.visited_by()
    await exchanged(stage, "messages", "anthropic-all", markers("x"), stream=True)
    record = await stage.gateway.only()
    answer = await stage.gateway.http.get(
        f"{stage.gateway.url}/api/v2/aibridge/sessions/{record['session_id']}",
        headers={"authorization": f"Bearer {stage.token}"},
    )
    (step,) = answer.json()["threads"][0]["steps"]
    for kind in ("model_answers", "tool_results", "not_captured"):
        assert step[kind] == record[kind]


async def test_a_side_request_is_kept_like_a_prompt(settled: Stage) -> None:
    """The text of a client's own chore stands in the metadata; without `prompts` it stands nowhere."""
    body = DIALECTS["messages"][2](markers("side"), stream=False).replace(
        b'"model"', b'"output_config": {"format": {"type": "json_schema"}}, "model"', 1
    )
    headers = {"user-agent": "claude-cli/2.1.330 (external, cli)", "x-claude-code-session-id": "s1"}
    for word, shown in (("prompts", f"ask {markers('side').prompts}"), ("none", None)):
        stage = await settled.visited_by()
        stage.says(Text("a title"))
        await stage.gateway.post("/v1/messages", body, provider=instance("anthropic", word), headers=headers)
        record = await stage.gateway.only()
        assert record["side_request"]
        assert record["user_prompts"] == []
        assert record["metadata"].get("side_prompt") == shown
        assert record["not_captured"] == ([] if shown else ["prompts"])


async def test_the_default_keeps_what_it_always_kept(settled: Stage) -> None:
    stage = await settled.visited_by()
    await exchanged(stage, "messages", "anthropic", markers("x"), stream=True)
    record = await stage.gateway.only()
    assert record["not_captured"] == []
    assert (record["model_answers"], record["tool_results"]) == ([], [])
    assert record["body_sha256_received"] == record["body_sha256_sent"]
    body = DIALECTS["messages"][2](markers("x"), stream=True)
    assert record["body_sha256_sent"] == hashlib.sha256(body).hexdigest()


async def test_an_error_is_kept_whatever_is_captured(settled: Stage) -> None:
    """It is a fact of the request; what must not stand in it is what redaction is for."""
    stage = await settled.visited_by()
    stage.says([Think("hm"), Fail(message="the model is tired")])
    await stage.gateway.post(
        "/v1/messages", DIALECTS["messages"][2](markers("x"), stream=True), provider="anthropic-none"
    )
    record = await stage.gateway.only()
    assert (record["outcome"], record["error_message"]) == ("failed", "the model is tired")
