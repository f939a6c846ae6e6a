"""How long the lists take: real requests to a real gateway over a seeded record, one after the other."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import msgspec

from bench.asking import Caller, Took, connected, timed
from bench.gateway import Server
from bench.plans import count_plans, explained, whole_readings
from bench.questions import Question, questions
from bench.record import Record, Viewer


class Asked(msgspec.Struct, kw_only=True):
    """One question, and what became of it."""

    question: Question
    found: int | None = None
    """How many match, as the first viewer sees it; None where the answer does not say."""
    took: dict[str, Took] = {}
    """By the viewer's title."""
    plans: int = 0
    """How many of the server's plans were seen."""
    read_whole: list[str] = []
    """Large tables that one of them reads from end to end, whoever asked."""
    problem: str = ""

    @property
    def slowest(self) -> float:
        """The largest of the 95th percentiles."""
        return max((took.p95 for took in self.took.values()), default=0)

    @property
    def late(self) -> bool:
        """Whether it missed its budget."""
        return self.question.budget is not None and self.slowest > self.question.budget


class Lists(msgspec.Struct, frozen=True, kw_only=True):
    """All questions to one record."""

    interceptions: int
    sessions: int
    server: str
    """PostgreSQL and its settings."""
    viewers: list[str]
    asked: list[Asked]


def measure(record: Record, *, requests: int, tell: Callable[[str], None]) -> Lists:
    """Ask everything as everyone; then once more, with an eye on the plans."""
    asked: dict[str, Asked] = {}
    with record.installation.serving(record.cores) as gateway:
        for viewer in record.viewers:
            tell(f"{record.facts.interceptions:,} interceptions, as {viewer.title}")
            _ask_all(record, viewer, gateway, asked, requests)
    if record.log is not None:
        with explained(record.dsn), record.installation.serving(record.cores) as gateway:
            _look_at_plans(record, gateway, asked)
    return Lists(
        interceptions=record.facts.interceptions,
        sessions=record.facts.sessions,
        server=record.server,
        viewers=[viewer.title for viewer in record.viewers],
        asked=list(asked.values()),
    )


def _ask_all(record: Record, viewer: Viewer, gateway: Server, asked: dict[str, Asked], requests: int) -> None:
    with _connected(gateway, viewer) as caller:
        for question in _questions(record, viewer):
            entry = asked.setdefault(question.about, Asked(question=question))
            try:
                answer, took = timed(partial(caller.get, question.path), requests)
            except OSError as error:
                entry.problem = entry.problem or f"as {viewer.title}: {error}"
                continue
            entry.took[viewer.title] = took
            entry.found = _total(answer) if entry.found is None else entry.found


def _look_at_plans(record: Record, gateway: Server, asked: dict[str, Asked]) -> None:
    assert record.log is not None
    for viewer in record.viewers:
        with _connected(gateway, viewer) as caller, record.log.open(encoding="utf-8", errors="replace") as log:
            for question in _questions(record, viewer):
                entry = asked[question.about]
                log.seek(0, 2)
                if viewer.title in entry.took:
                    caller.get(question.path)
                    plans = log.read()
                    entry.plans += count_plans(plans)
                    entry.read_whole = sorted({*entry.read_whole, *whole_readings(plans)})


def _questions(record: Record, viewer: Viewer) -> Iterator[Question]:
    owner = viewer.username == record.facts.owner
    for question in questions(record.facts, record.facts.busiest if owner else "me"):
        if owner or not question.of_everyone:
            yield question


def _connected(gateway: Server, viewer: Viewer) -> AbstractContextManager[Caller]:
    return connected(gateway, Authorization=f"Bearer {viewer.token}")


def _total(answer: bytes) -> int | None:
    page = msgspec.json.decode(answer)
    if isinstance(page, list):
        return len(page)
    found = page.get("total")
    return found if isinstance(found, int) else None
