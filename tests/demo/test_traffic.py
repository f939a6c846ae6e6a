"""The demo's people are believable: their requests look like those of real clients, and their errands hang together."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from aibridge.demo.clients import CLIENTS
from aibridge.demo.people import PEOPLE
from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.received import Ending, Received
from aibridge.demo.scene import Call, Delegate, Round, Scene
from aibridge.demo.scenes import interactive, programs
from aibridge.demo.script import Answer, Text
from aibridge.demo.session import Tempo
from aibridge.demo.stage import MAX_EXPECTED, Stage
from aibridge.demo.traffic import Troupe, drive
from aibridge.records import Role

TOKENS = {person.username: f"aib_{person.username}_secret" for person in PEOPLE}
AT_ONCE = Tempo(first_token=0, event=0, tool=0, reading=0, retry=0)


@dataclass
class Played:
    """A burst that was played straight against the provider."""

    requests: list[Received]
    stage: Stage
    lines: list[str] = field(default_factory=list)

    def of(self, agent: bytes) -> list[Received]:
        return [one for one in self.requests if (one.header(b"user-agent") or b"").startswith(agent)]


@pytest.fixture(scope="module")
def played() -> Played:
    """Every errand twice."""

    async def burst() -> Played:
        stage = Stage()
        provider = Provider(script=stage)
        lines: list[str] = []
        async with serve_provider(provider) as address:
            await Troupe(address, TOKENS, stage, say=lines.append, seed=11).burst()
            for request in provider.requests:
                await request.over()
        return Played(list(provider.requests), stage, lines)

    return asyncio.run(burst())


def delegating(claude: list[Received]) -> list[Received]:
    """Claude Code's requests as a subagent. An errand is cast with who is free: on a slow machine maybe not with it."""
    children = [one for one in claude if one.header(b"x-claude-code-agent-id")]
    if not children:
        pytest.skip("no errand with a subagent was cast for Claude Code this time")
    return children


def rounds(scene: Scene) -> list[Round]:
    """Every round of a scene, those of subagents included."""
    found: list[Round] = []
    waiting = [round_ for turn in scene.turns for round_ in turn.rounds]
    while waiting:
        round_ = waiting.pop()
        found.append(round_)
        waiting += [inner for act in round_.acts if isinstance(act, Delegate) for inner in act.rounds]
    return found


# ------------------------------------------------------------------ the play


def test_every_errand_is_played_to_its_end(played: Played) -> None:
    """No answer stays behind, nothing is improvised, nobody breaks off."""
    assert not [line for line in played.lines if "broke off" in line]
    assert all(one.complete for one in played.requests)
    prompts = b"".join(one.body for one in played.requests)
    for scene in (*interactive(), *programs()):
        for turn in scene.turns:
            assert json.dumps(turn.prompt, ensure_ascii=False).encode() in prompts
    endings = [one.ending for one in played.requests]
    assert endings.count(Ending.LEFT) == 2  # the two people who pressed Escape
    assert endings.count(Ending.CUT) == 2
    assert len(endings) > 150


def test_every_conversation_grows(played: Played) -> None:
    """Each request of an agent sends the one before along, byte for byte: what prompt caches live on."""
    threads: dict[tuple[bytes | None, bytes | None], list[list[object]]] = {}
    for one in played.of(b"claude-cli"):
        if one.json["tools"]:
            key = one.header(b"x-claude-code-session-id"), one.header(b"x-claude-code-agent-id")
            threads.setdefault(key, []).append(one.json["messages"])
    assert len(threads) > 5
    for thread in threads.values():
        for before, after in itertools.pairwise(thread):
            assert after[: len(before)] == before


def test_every_tool_call_is_answered(played: Played) -> None:
    """The providers refuse a conversation where one is not."""
    for one in played.of(b"claude-cli"):
        open_ids: set[str] = set()
        for message in one.json["messages"]:
            blocks = [block for block in message["content"] if isinstance(block, dict)]
            results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
            assert results == open_ids
            open_ids = {block["id"] for block in blocks if block["type"] == "tool_use"}


def test_real_clients_are_recognisable(played: Played) -> None:
    """Sessions, agents, side requests and programs without either, as clients.md has them."""
    claude, codex, opencode = (played.of(agent) for agent in (b"claude-cli/", b"codex_cli_rs/", b"opencode/"))
    programs_ = played.of(b"OpenAI/Python") + played.of(b"Anthropic/Python")
    assert all(one.target.endswith(b"/v1/messages?beta=true") for one in claude)
    assert all(json.loads(one.json["metadata"]["user_id"])["session_id"] for one in claude)
    delegating(claude)
    assert any("output_config" in one.json and not one.json["tools"] for one in claude)
    assert all(one.header(b"session-id") and one.header(b"thread-id") for one in codex)
    assert all(one.json["prompt_cache_key"] for one in codex)
    assert any(one.json["messages"][0]["content"].startswith("You are a title generator") for one in opencode)
    assert not any(one.header(b"x-session-id") or one.header(b"session-id") for one in programs_)
    assert {one.header(b"authorization") for one in played.requests} <= {
        f"Bearer {t}".encode() for t in TOKENS.values()
    }


def test_subagents_stay_in_their_session(played: Played) -> None:
    """They speak as themselves: a child shares the parent's session id, or names it."""
    claude = played.of(b"claude-cli/")
    main = {one.header(b"x-claude-code-session-id") for one in claude if not one.header(b"x-claude-code-agent-id")}
    children = delegating(claude)
    assert {one.header(b"x-claude-code-session-id") for one in children} <= main
    assert all("cc_is_subagent=true" in one.json["system"][0]["text"] for one in children)


async def test_people_go_on_at_their_own_pace_until_the_demo_ends() -> None:
    """The burst, then sessions of three people at a time; cancelling ends everything."""
    stage = Stage()
    provider = Provider(script=stage, keep=400)
    lines: list[str] = []
    settled = asyncio.Event()

    def say(line: str) -> None:
        lines.append(line)
        if any("own pace" in earlier for earlier in lines[:-5]):
            settled.set()

    async with serve_provider(provider) as address:
        player = asyncio.get_running_loop().create_task(drive(address, TOKENS, stage, say=say, tempo=AT_ONCE))
        await asyncio.wait_for(settled.wait(), 30)
        player.cancel()
        with pytest.raises(asyncio.CancelledError):
            await player


async def test_a_gateway_that_is_gone_breaks_off_sessions_and_not_the_demo() -> None:
    """Each says so in one line."""
    lines: list[str] = []
    async with serve_provider(Provider()) as address:
        pass
    await Troupe(address, {"maren": "aib_x"}, Stage(), say=lines.append, seed=1).burst()
    assert sum("A session of Maren Solberg broke off" in line for line in lines) > 10


async def test_a_gateway_that_refuses_breaks_off_the_session() -> None:
    """For instance because a token was revoked meanwhile."""
    lines: list[str] = []
    async with serve_provider(Provider(key="another")) as address:
        await Troupe(address, {"idris": "aib_x"}, Stage(), say=lines.append, seed=1).burst()
    assert any("the gateway answered 401 to codex" in line for line in lines)


# ------------------------------------------------------------------ the data


def test_the_errands_show_what_an_audit_is_for() -> None:
    """Parallel calls, subagents, thoughts, searches, failing commands, every kind of mishap, several turns."""
    every = [round_ for scene in (*interactive(), *programs()) for round_ in rounds(scene)]
    assert any(len(round_.acts) > 2 for round_ in every)
    assert any(round_.looks_up for round_ in every)
    assert any(round_.cancelled for round_ in every)
    assert len({round_.mishap for round_ in every if round_.mishap}) == 5
    assert sum(bool(round_.think) for round_ in every) > 10
    assert any(len(scene.turns) > 2 for scene in interactive())


@pytest.mark.parametrize("scene", [*interactive(), *programs()], ids=lambda scene: scene.title)
def test_an_errand_can_be_played(scene: Scene) -> None:
    """It ends in words, its mishaps have something to break, and no prompt is used twice."""
    for turn in scene.turns:
        last = turn.rounds[-1]
        assert last.say
        assert not last.acts
    for round_ in rounds(scene):
        assert round_.say or round_.acts
        assert not round_.cancelled or not round_.acts
    calls = [isinstance(act, Call) for round_ in rounds(scene) for act in round_.acts]
    assert all(calls) if scene in programs() else not any(calls)


def test_prompts_are_cues_and_so_each_is_used_once() -> None:
    """Tasks of subagents too."""
    cues = [turn.prompt for scene in (*interactive(), *programs()) for turn in scene.turns]
    cues += [act.task for s in interactive() for r in rounds(s) for act in r.acts if isinstance(act, Delegate)]
    assert len(cues) == len(set(cues))


def test_everybody_has_a_part() -> None:
    """One owner, an auditor who only looks, and known clients for the others."""
    assert [person.role for person in PEOPLE].count(Role.OWNER) == 1
    assert {name for person in PEOPLE for name in person.clients} == set(CLIENTS)
    assert all(person.clients for person in PEOPLE if person.role is not Role.AUDITOR)


# ------------------------------------------------------------------ the stage


@pytest.fixture
async def stage() -> AsyncIterator[tuple[Stage, str]]:
    stage = Stage()
    async with serve_provider(Provider(script=stage)) as address:
        yield stage, address


async def say(address: str, body: dict[str, object]) -> str:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        reply = await client.post(f"{address}/v1/messages", json={"model": "m"} | body)
    return str(reply.json()["content"][0]["text"])


async def test_a_stranger_is_told_where_they_are(stage: tuple[Stage, str]) -> None:
    """Somebody's own client pointed at the demo gets a polite answer, and a title where it wants one."""
    _, address = stage
    asked: dict[str, object] = {"messages": [{"role": "user", "content": "fix the build, please"}]}
    assert "scripted provider of the aibridge demo" in await say(address, asked)
    assert await say(address, asked | {"output_config": {"format": {}}}) == '{"title":"Fix the build please"}'


async def test_answers_are_laid_ready_under_their_cue(stage: tuple[Stage, str]) -> None:
    """One after the other under the same cue; the side request has one of its own."""
    script, address = stage
    for cue_, text in (("user go", "first"), ("user go", "second"), ("title go", "a title"), ("result c1", "seen")):
        script.expect(cue_, Answer(parts=(Text(text),)))
    go: dict[str, object] = {"messages": [{"role": "user", "content": "go"}]}
    tools: dict[str, object] = {"tools": [{"name": "ls"}]}
    results: dict[str, object] = {
        "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1"}]}]
    }
    assert [await say(address, go | tools) for _ in range(2)] == ["first", "second"]
    assert await say(address, go) == "a title"
    assert await say(address, results | tools) == "seen"


def test_answers_that_nobody_fetches_are_forgotten() -> None:
    """Sessions that broke off leave nothing behind for ever."""
    stage = Stage()
    for number in range(MAX_EXPECTED + 50):
        stage.expect(f"user {number}", Answer())
    assert len(stage._expected) == MAX_EXPECTED
