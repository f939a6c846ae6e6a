"""What an import has done."""

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from uuid import UUID

import msgspec

from aibridge.store.coder import Kind, Weight


class Fate(StrEnum):
    """What became of a row; children share the fate of their interception."""

    ADDED = "added"
    THERE = "on record already"
    IN_FLIGHT = "in flight"
    UNKNOWN_USER = "of an unknown user"
    UNKNOWN_PROVIDER = "of an unknown provider"
    ERASED = "erased here"
    REFUSED = "refused by the database"
    SYSTEM = "of the system, and never asked"
    DELETED = "deleted, and never asked"


class Tally:
    """The rows of one table by what became of them."""

    def __init__(self) -> None:
        self._fates: Counter[Fate] = Counter()

    def count(self, number: int, fate: Fate) -> None:
        """Enter so many rows of one fate."""
        self._fates[fate] += number

    @property
    def read(self) -> int:
        """All of them."""
        return self._fates.total()

    @property
    def added(self) -> int:
        """Rows that were not on record."""
        return self._fates[Fate.ADDED]

    @property
    def there(self) -> int:
        """Rows that were."""
        return self._fates[Fate.THERE]

    @property
    def skipped(self) -> dict[Fate, int]:
        """Why rows were left out → how many, most first."""
        kept = (Fate.ADDED, Fate.THERE)
        return {fate: number for fate, number in self._fates.most_common() if fate not in kept and number}


class Note(msgspec.Struct, frozen=True):
    """Something about one row that a person should know."""

    what: str
    id: UUID
    text: str


class Report:
    """Tallies of every table, and notes on single rows."""

    def __init__(self) -> None:
        self.users = Tally()
        self.interceptions = Tally()
        self.children = {kind: Tally() for kind in Kind}
        self.notes: list[Note] = []
        self.strangers: Counter[UUID] = Counter()
        """Unknown users → how many interceptions they have."""

    def tables(self) -> Iterator[tuple[str, Tally]]:
        """Each table's name with its tally."""
        yield "users", self.users
        yield "interceptions", self.interceptions
        yield from self.children.items()

    def interception(self, fate: Fate, weights: Mapping[Kind, Weight]) -> None:
        """Enter one interception with its children."""
        self.interceptions.count(1, fate)
        for kind, weight in weights.items():
            self.children[kind].count(weight.number, fate)

    def note(self, what: str, row_id: UUID, text: str) -> None:
        """Remember something about one row."""
        self.notes.append(Note(what, row_id, text))

    def told(self) -> Iterator[Note]:
        """All notes, those on unknown users last."""
        yield from self.notes
        for user_id, number in self.strangers.most_common():
            yield Note("unknown user", user_id, f"{number} interceptions were left out")
