"""How long the lists take: real requests to a real gateway over a seeded record, one after the other."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from bench.figures import percentile
from bench.gateway import Server
from bench.plans import count_plans, explained, whole_readings
from bench.questions import Question, questions
from bench.record import Record, Viewer

WARM_UP = 3
TIMEOUT = 60.0
"""Seconds."""


class Took(msgspec.Struct, frozen=True):
    """Milliseconds from the question to the last byte of its answer."""

    p50: float
    p95: float


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
    with _connected(gateway, viewer) as ask:
        for question in _questions(record, viewer):
            entry = asked.setdefault(question.about, Asked(question=question))
            times, answer = [], b""
            try:
                for _ in range(WARM_UP):
                    answer = ask(question.path)
                for _ in range(requests):
                    began = time.perf_counter()
                    ask(question.path)
                    times.append((time.perf_counter() - began) * 1000)
            except OSError as error:
                entry.problem = entry.problem or f"as {viewer.title}: {error}"
                continue
            times.sort()
            entry.took[viewer.title] = Took(percentile(times, 50), percentile(times, 95))
            entry.found = _total(answer) if entry.found is None else entry.found


def _look_at_plans(record: Record, gateway: Server, asked: dict[str, Asked]) -> None:
    assert record.log is not None
    for viewer in record.viewers:
        with _connected(gateway, viewer) as ask, record.log.open(encoding="utf-8", errors="replace") as log:
            for question in _questions(record, viewer):
                entry = asked[question.about]
                log.seek(0, 2)
                if viewer.title in entry.took:
                    ask(question.path)
                    plans = log.read()
                    entry.plans += count_plans(plans)
                    entry.read_whole = sorted({*entry.read_whole, *whole_readings(plans)})


def _questions(record: Record, viewer: Viewer) -> Iterator[Question]:
    owner = viewer.username == record.facts.owner
    for question in questions(record.facts, record.facts.busiest if owner else "me"):
        if owner or not question.of_everyone:
            yield question


@contextmanager
def _connected(gateway: Server, viewer: Viewer) -> Iterator[Callable[[str], bytes]]:
    """Ask on one connection that stays open. Raises `OSError` for whatever is no answer of status 200."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {viewer.token}"}

    def ask(path: str) -> bytes:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise OSError(f"{path} was answered with {answer.status}: {body[:200].decode(errors='replace')}")
        return body

    try:
        yield ask
    finally:
        connection.close()


def _total(answer: bytes) -> int | None:
    page = msgspec.json.decode(answer)
    if isinstance(page, list):
        return len(page)
    found = page.get("total")
    return found if isinstance(found, int) else None
