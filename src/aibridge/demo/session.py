"""One errand played through the gateway: prompts, answers, tools, subagents, mishaps."""

import asyncio
import random
from collections.abc import Callable, Sequence
from http import HTTPStatus
from uuid import UUID

import msgspec

from aibridge.demo.clients.client import Asking, Called, Client, Seat
from aibridge.demo.dial import Hearing, post
from aibridge.demo.people import Person
from aibridge.demo.scene import Delegate, Mishap, Round, Scene, Turn
from aibridge.demo.script import Answer, CallTool, Part, Pause, Slow, Text, Usage
from aibridge.demo.speaker import CHARACTERS_PER_TOKEN, Speaker, failing, spoken
from aibridge.demo.stage import Stage
from aibridge.demo.voice import Mint, encode

INTERRUPTED = "[Request interrupted by user]"
"""What Claude Code writes into the conversation then."""
LEAVE_AFTER = 9
"""Events, after which an impatient person presses Escape."""


class Tempo(msgspec.Struct, frozen=True, kw_only=True):
    """How fast things go, in seconds."""

    first_token: float = 0.9
    event: float = 0.03
    tool: float = 1.5
    reading: float = 12.0
    """How long a person reads before the next prompt."""
    retry: float = 2.0


HUMAN = Tempo()
BURST = Tempo(first_token=0.02, event=0.0, tool=0.02, reading=0.1, retry=0.05)
"""So that there is something to see at once."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a session is played."""

    base_url: str
    """The gateway's root, `http://127.0.0.1:4180/api/v2/aibridge`."""
    stage: Stage
    tempo: Tempo
    chance: random.Random
    mint: Mint
    say: Callable[[str], None]


class Refused(Exception):
    """The gateway did not let a request through that the script did not mean to fail."""


class Session:
    """A person, a client and an errand."""

    def __init__(self, place: Place, person: Person, token: str, client: Client, scene: Scene) -> None:
        self._place = place
        self._token = token
        self._client = client
        self._scene = scene
        self._person = person
        model = client.models[0] if place.chance.random() < 0.7 else client.models[-1]  # noqa: PLR2004 - most keep the default
        self._seat = Seat(session=self._uuid(), model=model)

    async def play(self) -> None:
        """From the first prompt to the last answer.

        Raises `OSError` when the gateway cannot be reached, `Refused` when it lets a request not through.
        """
        main = Speaker(self._client.open(self._scene, self._seat), self._seat)
        for number, turn in enumerate(self._scene.turns):
            if number:
                await self._wait(self._place.tempo.reading)
            self._place.say(f"{self._person.name} · {self._client.name} · {self._scene.repo}: {_short(turn.prompt)}")
            async with asyncio.TaskGroup() as group:
                if number == 0:
                    group.create_task(self._title(turn.prompt))
                group.create_task(self._turn(main, turn))

    async def _turn(self, speaker: Speaker, turn: Turn) -> None:
        self._client.prompt(speaker.history, turn.prompt)
        await self._rounds(speaker, turn.rounds, f"user {turn.prompt}")

    async def _rounds(self, speaker: Speaker, rounds: Sequence[Round], cue: str) -> None:
        for round_ in rounds:
            called = [Called(act, self._client.call(act, self._scene, self._call_id())) for act in round_.acts]
            await self._round(speaker, round_, [one.call for one in called], cue)
            if round_.cancelled:
                self._place.say(f"{self._person.name} stopped {self._client.name} in the middle of an answer")
                self._client.prompt(speaker.history, INTERRUPTED)
                return
            await self._tools(called)
            self._client.took(speaker.history, round_, called)
            if called:
                cue = f"result {called[-1].call.id}"

    async def _round(self, speaker: Speaker, round_: Round, calls: list[CallTool], cue: str) -> None:
        asking = self._client.ask(speaker.history, speaker.seat)
        parts = spoken(round_, calls)
        usage = speaker.usage(self._client, asking, parts, round_)
        if round_.mishap is not None:
            await self._mishap(round_.mishap, asking, parts, usage, cue)
        said = self._paced(parts, usage, slow=round_.cancelled)
        hearing = await self._send(asking, said, cue, leave_after=LEAVE_AFTER if round_.cancelled else None)
        if not round_.cancelled and (hearing.status != HTTPStatus.OK or not hearing.complete):
            ending = "" if hearing.complete else " and broke off"
            raise Refused(f"the gateway answered {hearing.status}{ending} to {self._client.name}")

    async def _mishap(self, mishap: Mishap, asking: Asking, parts: list[Part], usage: Usage, cue: str) -> None:
        self._place.say(f"{self._client.name} of {self._person.name} meets {mishap.value} and tries again")
        said = self._paced(failing(mishap, parts, anthropic=self._client.anthropic), usage)
        await self._send(asking, said, cue)
        await self._wait(self._place.tempo.retry)

    async def _tools(self, called: list[Called]) -> None:
        async with asyncio.TaskGroup() as group:
            for one in called:
                if isinstance(one.act, Delegate):
                    group.create_task(self._subagent(one.act))
        if called:
            await self._wait(self._place.tempo.tool)

    async def _subagent(self, delegate: Delegate) -> None:
        seat = msgspec.structs.replace(self._seat, agent=self._uuid())
        speaker = Speaker(self._client.open(self._scene, seat), seat)
        self._client.prompt(speaker.history, delegate.task)
        await self._rounds(speaker, delegate.rounds, f"user {delegate.task}")

    async def _title(self, prompt: str) -> None:
        asking = self._client.title(prompt, self._seat)
        if asking is None:
            return
        title = encode({"title": self._scene.title}).decode() if self._client.anthropic else self._scene.title
        usage = Usage(input=len(asking.body) // CHARACTERS_PER_TOKEN, output=14, cache_read=0, cache_write=0)
        await self._send(asking, Answer(parts=(Text(title),), usage=usage), f"title {prompt}")

    async def _send(self, asking: Asking, said: Answer, cue: str, *, leave_after: int | None = None) -> Hearing:
        self._place.stage.expect(cue, said)
        return await post(self._place.base_url, asking, self._token, leave_after=leave_after)

    def _paced(self, parts: list[Part], usage: Usage, *, slow: bool = False) -> Answer:
        tempo = self._place.tempo
        pace = max(tempo.event, 0.05 if slow else 0.0)
        waits = [Pause(self._about(tempo.first_token)), *([Slow(pace)] if pace and self._client.streams else [])]
        return Answer(parts=(*waits, *parts), usage=usage)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(self._about(seconds))

    def _about(self, seconds: float) -> float:
        return seconds * self._place.chance.uniform(0.5, 1.7)

    def _uuid(self) -> str:
        return str(UUID(int=self._place.chance.getrandbits(128), version=4))

    def _call_id(self) -> str:
        mint = self._place.mint
        return mint.base62("toolu_01") if self._client.anthropic else mint.base62("call_", 24)


def _short(text: str, width: int = 72) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
