"""Believable traffic: a burst, so that there is something to see at once, then people at their own pace."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import httptools
import msgspec

from aibridge.demo.clients import CLIENTS
from aibridge.demo.people import PEOPLE, Person
from aibridge.demo.scene import Scene
from aibridge.demo.scenes import interactive, programs
from aibridge.demo.session import BURST, HUMAN, Place, Refused, Session, Tempo
from aibridge.demo.stage import Stage
from aibridge.demo.voice import Mint

AT_ONCE = 3
"""Sessions played at the same time, by different people."""
BURST_ROUNDS = 2
"""How often every errand is played in the burst, by other people with other clients."""
SETTLE_AFTER = 100
"""Sessions, after which the pace falls, so that a demo left running does not fill the disk."""
SETTLED_REST = 90.0
"""Seconds between sessions from then on."""

PROGRAMS_SHARE = 0.25
"""Of the sessions that are not the burst."""


async def drive(
    base_url: str,
    tokens: Mapping[str, str],
    stage: Stage,
    *,
    say: Callable[[str], None],
    tempo: Tempo = HUMAN,
    seed: int = 7,
) -> None:
    """Play sessions through the gateway until cancelled.

    `base_url`: the gateway's root, `http://127.0.0.1:4180/api/v2/aibridge`. `tokens`: username → aibridge token; people
    without one do not play. `stage`: the script of the provider behind the gateway.
    """
    await Troupe(base_url, tokens, stage, say=say, seed=seed).run(tempo)


class Troupe:
    """Everybody who plays, and which errands are under way."""

    def __init__(
        self, base_url: str, tokens: Mapping[str, str], stage: Stage, *, say: Callable[[str], None], seed: int
    ) -> None:
        chance = random.Random(seed)  # noqa: S311 - a play, no secrets
        self._tokens = tokens
        self._place = Place(base_url=base_url, stage=stage, tempo=BURST, chance=chance, mint=Mint(seed), say=say)
        self._under_way: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Title → held while it is played: its prompts are the provider's cues, so never played twice at a time."""
        self._played: Counter[str] = Counter()
        """Username → sessions."""

    async def run(self, tempo: Tempo) -> None:
        """The burst, then people at their own pace until cancelled."""
        await self.burst()
        self._place.say("The first sessions are on the record. From here on people work at their own pace.")
        place = msgspec.structs.replace(self._place, tempo=tempo)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._play_on(place))

    async def burst(self) -> None:
        """Every errand a few times, quickly."""
        scenes = [*interactive(), *programs()]
        pending = iter([scene for _ in range(BURST_ROUNDS) for scene in self._place.chance.sample(scenes, len(scenes))])
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._play_all(pending))

    async def _play_all(self, scenes: Iterator[Scene]) -> None:
        for scene in scenes:
            await self._play(self._place, scene)

    async def _play_on(self, place: Place) -> None:
        while True:
            await self._play(place, self._pick())
            settled = self._played.total() > SETTLE_AFTER
            await asyncio.sleep(place.chance.uniform(0.5, 1.5) * (SETTLED_REST if settled else place.tempo.reading))

    def _pick(self) -> Scene:
        chance = self._place.chance
        several: Sequence[Scene] = programs() if chance.random() < PROGRAMS_SHARE else interactive()
        return chance.choice([scene for scene in several if not self._under_way[scene.title].locked()])

    async def _play(self, place: Place, scene: Scene) -> None:
        person = self._cast(scene)
        if person is None:
            return
        client = CLIENTS[place.chance.choice(person.clients)]
        self._played[person.username] += 1
        try:
            async with self._under_way[scene.title]:
                await Session(place, person, self._tokens[person.username], client, scene).play()
        except* (OSError, Refused, httptools.HttpParserError) as broken:
            place.say(f"A session of {person.name} broke off: {broken.exceptions[0]}")

    def _cast(self, scene: Scene) -> Person | None:
        programs_ = scene in programs()
        able = [
            person
            for person in PEOPLE
            if person.username in self._tokens and person.clients and bool(person.repos) is not programs_
        ]
        at_home = [person for person in able if programs_ or scene.repo in person.repos]
        fewest = min((self._played[person.username] for person in at_home or able), default=0)
        rested = [person for person in at_home or able if self._played[person.username] == fewest]
        return self._place.chance.choice(rested) if rested else None
