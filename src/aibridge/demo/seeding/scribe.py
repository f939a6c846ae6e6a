"""Writes the rows of one interception."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from aibridge.demo.seeding import words
from aibridge.demo.seeding.catalogue import (
    COMPLETED,
    ENDINGS,
    SMALL,
    SUBAGENT_TOOL,
    Credential,
    Ending,
    Habit,
    Instance,
)
from aibridge.demo.seeding.costs import priced
from aibridge.demo.seeding.ids import Ids
from aibridge.demo.seeding.tokens import Context
from aibridge.records import Outcome
from aibridge.store.bulk import Rows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
_ANSWERED = frozenset((Outcome.COMPLETED, Outcome.CANCELLED, Outcome.TRUNCATED))
_NONE: list[str] = []
_SIDE = '{"side_prompt":"Please write a short title for this conversation."}'


class Agent(msgspec.Struct):
    """Who is speaking: a person's own agent, or one that it sent."""

    context: Context
    id: str | None = None
    parent: str | None = None
    root: UUID | None = None
    """Of the thread under way; None before its first good answer."""
    above: UUID | None = None
    """The interception whose tool call the next one answers."""
    call: str | None = None
    """That tool call."""

    def new_thread(self) -> None:
        """What comes next answers no tool call."""
        self.root = self.above = self.call = None


class Setting(msgspec.Struct, kw_only=True):
    """What all interceptions of a session have in common; only the model may change."""

    initiator_id: UUID
    api_token_id: str
    credential: Credential
    gateway_id: UUID
    habit: Habit
    instance: Instance
    session_id: str | None
    model: str


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one interception is about."""

    agent: Agent
    at: int
    longest: int
    """Microseconds that it may take."""
    prompt: str | None = None
    last: bool = False
    """The model calls no tool."""
    errand: str | None = None
    """What the model hands to a subagent; without one it calls tools as they come."""
    side: bool = False


class Scribe:
    """Writes the interceptions of one session."""

    def __init__(self, setting: Setting, rows: Rows, ids: Ids, chance: random.Random) -> None:
        self._setting, self._rows, self._ids, self._chance = setting, rows, ids, chance

    def write(self, told: Round) -> tuple[bool, int]:
        """Write what is told; return whether it completed, and how long it took in microseconds."""
        ending = ENDINGS.take(self._chance)
        answered = ending.outcome in _ANSWERED
        spent = told.agent.context.spend(side=told.side)
        took = min(told.longest, int((SECOND + (spent.output or 100) * 14_000) * self._chance.uniform(0.6, 1.6)))
        response = self._ids.response(self._setting.instance.type) if answered else ""
        id_ = self._interception(told, ending, took, response)
        now = told.at + took
        if answered:
            whole = ending is COMPLETED
            self._rows.token_usages.append(
                (
                    id_,
                    self._ids.at(now),
                    self._setting.initiator_id,
                    _moment(now),
                    *spent[:4],
                    not whole,
                    response,
                    spent[4],
                    *priced(spent, self._setting.instance, self._model(told), at=_moment(now), partial=not whole),
                )
            )
            self._think(id_, now)
        if ending is COMPLETED and not told.last:
            self._call_tools(told, id_, now, response)
        return ending is COMPLETED, took

    def _interception(self, told: Round, ending: Ending, took: int, response: str) -> UUID:
        chance, setting, agent = self._chance, self._setting, told.agent
        id_, started = self._ids.at(told.at), _moment(told.at)
        model = self._model(told)
        first_byte = min(took, int(chance.lognormvariate(13.6, 0.5))) if response else None
        body = chance.randbytes(32)
        partial = ending.outcome in (Outcome.TRUNCATED, Outcome.INTERRUPTED, Outcome.CANCELLED)
        self._rows.interceptions.append(
            (
                *(
                    id_,
                    setting.initiator_id,
                    setting.gateway_id,
                    agent.above,
                    agent.root,
                    started,
                    _moment(told.at + took),
                ),
                *(first_byte, ending.status, True, told.side, partial, False),
                *(ending.outcome, ending.error, ending.message),
                *(setting.instance.type, setting.instance.name, setting.habit.endpoint, model),
                *(model if response else "", response, setting.habit.client, setting.session_id, agent.call),
                *(agent.id, agent.parent, setting.api_token_id),
                *(setting.credential.kind, setting.credential.type, setting.credential.hint),
                *(body, body, _NONE, _NONE, _SIDE if told.side else setting.habit.metadata),
            )
        )
        if told.prompt is not None:
            self._rows.user_prompts.append(
                (id_, self._ids.at(told.at), setting.initiator_id, started, told.prompt, "{}")
            )
        return id_

    def _model(self, told: Round) -> str:
        """Subagents and side requests make do with a small one."""
        if told.side or told.agent.id:
            return self._setting.habit.small or SMALL[self._setting.instance.type]
        return self._setting.model

    def _think(self, id_: UUID, now: int) -> None:
        source = self._setting.habit.thoughts
        if source and self._chance.random() < 0.5:
            thought = words.thought(self._chance)
            self._rows.model_thoughts.append(
                (id_, self._ids.at(now), self._setting.initiator_id, _moment(now), source, thought, "{}")
            )

    def _call_tools(self, told: Round, id_: UUID, now: int, response: str) -> None:
        """The tools that the model chose; the next round carries the result of the last one."""
        agent = told.agent
        for tool, arguments in self._chosen(told):
            agent.call = self._ids.call(self._setting.instance.type)
            self._rows.tool_usages.append(
                (
                    *(id_, self._ids.at(now), self._setting.initiator_id, _moment(now), False, tool),
                    *(arguments, agent.call, None, response, None, None, "{}"),
                )
            )
        agent.above, agent.root = id_, agent.root or id_

    def _chosen(self, told: Round) -> Iterator[tuple[str, str]]:
        """Tools with their arguments: mostly one, sometimes a few at once."""
        chance = self._chance
        if told.errand:
            yield SUBAGENT_TOOL, words.handed_on(chance, told.errand)
            return
        for _ in range(1 if chance.random() < 0.85 else 2 + int(chance.random() * 2)):
            tool = self._setting.habit.tools.take(chance)
            yield tool, words.arguments(chance, tool)


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
