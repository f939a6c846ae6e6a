"""All sessions at once: rows in the order of time, as a gateway would have written them."""

import random
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import count
from uuid import UUID

import msgspec

from aibridge.demo.seeding import calendar
from aibridge.demo.seeding.catalogue import CLAUDE_CODE, CREDENTIALS, DAY, HABITS, Credential, Habit, models_of
from aibridge.demo.seeding.chance import Choice, zipf
from aibridge.demo.seeding.ids import Ids
from aibridge.demo.seeding.scribe import Scribe, Setting
from aibridge.demo.seeding.session import Session
from aibridge.store.bulk import Rows

REPLICAS, LIFETIME = 3, 7 * DAY
"""Gateways at a time, and how long each serves before a newer version replaces it."""
PORTION = 4000
"""Interceptions in one portion of rows."""
SHARED_IDS = 0.0002
"""Chance of a session to have the id of the one before it, which is mostly somebody else's."""


class Person(msgspec.Struct, frozen=True):
    """Someone who works with agents."""

    id: UUID
    api_token_id: str
    credential: Credential
    mostly: Habit
    sometimes: Habit


def anyone(id_: UUID, chance: random.Random) -> Person:
    """Somebody with habits of any kind."""
    token, credential = api_token(chance), CREDENTIALS.take(chance)
    return Person(id_, token, credential, HABITS.take(chance), HABITS.take(chance))


def api_token(chance: random.Random) -> str:
    """The id of a token that somebody had."""
    return f"{chance.getrandbits(64):016x}"


class Traffic:
    """What `people`, those who do most first, did in the season before `until`."""

    def __init__(
        self,
        people: Sequence[Person],
        *,
        interceptions: int,
        until: int,
        chance: random.Random,
        season: calendar.Season = calendar.TWO_MONTHS,
    ) -> None:
        self._total, self._until, self._season, self._chance = interceptions, until, season, chance
        self._ids = Ids(chance)
        self._people = Choice(people, zipf(len(people)))
        self._gateways: dict[tuple[int, int], UUID] = {}
        self._latest_id = self._ids.session()
        self._rows = Rows([], [], [], [], [])

    def rows(self) -> Iterator[Rows]:
        """Portions of rows; memory is for the sessions under way and one portion."""
        for _ in self._moments():
            if len(self._rows.interceptions) >= PORTION:
                yield self._taken()
        yield self._taken()

    def _taken(self) -> Rows:
        """What has been written since the last time."""
        taken = Rows(*(list(rows) for rows in msgspec.structs.astuple(self._rows)))
        for rows in msgspec.structs.astuple(self._rows):
            rows.clear()
        return taken

    def _moments(self) -> Iterator[int]:
        """Play every session, always the one whose next interception is the earliest; yields the time of each."""
        serial = count()
        under_way: list[Playing] = []
        for begins, interceptions in calendar.sessions(self._total, self._until, self._season, self._chance):
            while under_way and under_way[0][0] <= begins:
                yield _step(under_way)
            playing = self._session(begins, interceptions).play()
            heappush(under_way, (next(playing), next(serial), playing))
        while under_way:
            yield _step(under_way)

    def _session(self, begins: int, interceptions: int) -> Session:
        chance, person = self._chance, self._people.take(self._chance)
        habit = self._habit(person, interceptions)
        setting = Setting(
            initiator_id=person.id,
            api_token_id=person.api_token_id,
            credential=person.credential,
            gateway_id=self._gateway(begins),
            habit=habit,
            instance=habit.instances.take(chance),
            session_id=self._session_id() if habit.declares_session else None,
            model=models_of(habit.models, (self._until - begins) // DAY).take(chance),
        )
        scribe = Scribe(setting, self._rows, self._ids, chance)
        return Session(
            setting,
            scribe,
            begins=begins,
            interceptions=interceptions,
            until=self._until,
            ids=self._ids,
            chance=chance,
        )

    def _habit(self, person: Person, interceptions: int) -> Habit:
        if interceptions > calendar.LONGEST:
            return CLAUDE_CODE  # whose sessions stay one, since it says which they are
        return person.mostly if self._chance.random() < 0.8 else person.sometimes

    def _session_id(self) -> str:
        if self._chance.random() >= SHARED_IDS:
            self._latest_id = self._ids.session()
        return self._latest_id

    def _gateway(self, at: int) -> UUID:
        key = (at // LIFETIME, int(self._chance.random() * REPLICAS))
        return self._gateways.setdefault(key, self._ids.at(at))


Playing = tuple[int, int, Iterator[int]]
"""The time of its next interception, a number that tells it from all others, and a session that is under way."""


def _step(under_way: list[Playing]) -> int:
    """Write the earliest interception that is to come; return its time."""
    now, serial, playing = under_way[0]
    following = next(playing, None)
    if following is None:
        heappop(under_way)
    else:
        heapreplace(under_way, (following, serial, playing))
    return now
