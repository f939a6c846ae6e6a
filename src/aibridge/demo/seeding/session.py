"""One session: somebody's prompts, what the models did about them, and what went wrong."""

import random
from collections.abc import Iterator

from aibridge.demo.seeding import words
from aibridge.demo.seeding.catalogue import DAY, MINUTE, models_of
from aibridge.demo.seeding.ids import Ids
from aibridge.demo.seeding.scribe import SECOND, Agent, Round, Scribe, Setting
from aibridge.demo.seeding.tokens import Context


class Session:
    """Plays one session of a given number of interceptions, and writes each when its time has come."""

    def __init__(
        self,
        setting: Setting,
        scribe: Scribe,
        *,
        begins: int,
        interceptions: int,
        until: int,
        ids: Ids,
        chance: random.Random,
    ) -> None:
        self._setting, self._habit, self._scribe = setting, setting.habit, scribe
        self._at, self._left, self._until = begins, interceptions, until
        self._ids, self._chance = ids, chance
        self._pace = chance.lognormvariate(0, 0.5)

    def play(self) -> Iterator[int]:
        """Yields the time of the next interception; it is written when the iterator is asked for the one after it."""
        yield self._at
        if self._left > 1 and self._chance.random() < self._habit.chores:
            self._write(Agent(self._context()), last=True, side=True)
            yield self._wait(2 * SECOND)
        agent, opening = Agent(self._context()), True
        while True:
            yield from self._turn(agent, words.prompt(self._chance, opening=opening))
            if not self._left:
                return
            opening = False
            yield self._wait(self._chance.expovariate(1 / (4 * MINUTE)))
            if self._chance.random() < 0.04:
                self._change_model()

    def _turn(self, agent: Agent, prompt: str) -> Iterator[int]:
        """A thread: a prompt, and rounds until the model calls no more tools. What did not go well is tried again."""
        agent.new_thread()
        rounds = 1 + int(self._chance.expovariate(1 / self._habit.rounds))
        while True:
            rounds -= 1
            last = rounds <= 0 or self._left == 1
            errand = None if last else self._errand(agent)
            went_well = self._write(agent, prompt=prompt if agent.root is None else None, last=last, errand=errand)
            if not self._left or (last and (went_well or self._chance.random() < 0.5)):
                return
            if errand and went_well:
                yield self._wait(SECOND)
                yield from self._turn(self._subagent(agent), errand)
                if not self._left:
                    return
            yield self._wait(self._chance.lognormvariate(14.5, 1.1) * self._pace)

    def _write(
        self, agent: Agent, *, prompt: str | None = None, last: bool, errand: str | None = None, side: bool = False
    ) -> bool:
        told = Round(
            agent=agent, at=self._at, longest=self._longest(), prompt=prompt, last=last, errand=errand, side=side
        )
        went_well, took = self._scribe.write(told)
        self._at += took
        self._left -= 1
        return went_well

    def _errand(self, agent: Agent) -> str | None:
        """What is handed to a subagent, seldom; subagents do everything themselves."""
        if agent.id is None and self._chance.random() < self._habit.delegates:
            return words.errand(self._chance)
        return None

    def _subagent(self, sender: Agent) -> Agent:
        return Agent(self._context(), self._ids.agent(), sender.id)

    def _context(self) -> Context:
        return Context(self._setting.instance.type, self._chance)

    def _change_model(self) -> None:
        days_ago = max(0, self._until - self._at) // DAY
        self._setting.model = models_of(self._habit.models, days_ago).take(self._chance)

    def _wait(self, microseconds: float) -> int:
        self._at += 1 + min(int(microseconds), self._longest())
        return self._at

    def _longest(self) -> int:
        """Of what is left of the time, no more than leaves some for every interception to come."""
        return max(0, self._until - self._at) // (2 * self._left + 2)
