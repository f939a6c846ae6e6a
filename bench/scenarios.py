"""What is asked, how often, and what it may cost."""

from enum import StrEnum

import msgspec

from bench.gateway import Server
from bench.task import Task


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one kind."""

    name: str
    about: str
    body_bytes: int = 4000
    script: str
    """The provider's, see `upstream`."""
    connections: int
    budget: int | None = None
    """The most that its figure may be, in units of `unit`."""
    unit: str = ""
    """Of the budget; all there is to say of a budget without a figure."""

    def task(self, server: Server, token: str, *, seconds: float, requests: int = 0, hold: bool = False) -> Task:
        """Return what the clients are told."""
        return Task(
            port=server.port,
            target=f"{server.path}?answer={self.script}",
            token=token,
            body_bytes=self.body_bytes,
            streaming=self.script.startswith("stream"),
            connections=self.connections,
            seconds=seconds,
            requests=requests,
            hold=hold,
        )


class Name(StrEnum):
    """The kinds of figures, as `--only` takes them."""

    SMALL = "small"
    STREAM = "stream"
    PACED = "paced"
    BIG = "big"
    LATENCY = "latency"
    STREAMS = "streams"
    BODIES = "bodies"
    LISTS = "lists"
    PAGES = "pages"


OVER_RECORDS = frozenset((Name.LISTS, Name.PAGES))
"""Those that ask a seeded record; the others carry requests to a provider."""

COSTS = (
    Scenario(
        name=Name.SMALL,
        about="4 KB request, 1 KB answer",
        script="plain",
        connections=32,
        budget=8,
        unit="times nginx",
    ),
    Scenario(
        name=Name.STREAM,
        about="4 KB request, 108 events at once",
        script="stream",
        connections=32,
        budget=5,
        unit="times nginx",
    ),
    Scenario(name=Name.PACED, about="the same, 10 ms between 20 writes", script="stream&pace=10", connections=40),
    Scenario(name=Name.BIG, about="100 KB request, 1 KB answer", body_bytes=100_000, script="plain", connections=32),
)
"""What a request costs, in CPU time, under load."""

LATENCIES = (
    Scenario(
        name="plain answer",
        about="two commits: its start beside the provider, its end before the answer",
        script="plain",
        connections=1,
    ),
    Scenario(name="stream", about="one commit before the first byte", script="stream", connections=1, budget=300),
    Scenario(
        name="stream, first byte after 5 ms",
        about="the commit hides behind the provider",
        script="stream&delay=5",
        connections=1,
        unit="nothing visible",
    ),
)
"""How long an answer takes when nobody else asks."""

OPEN_STREAMS = tuple(
    Scenario(
        name=f"{size // 1000} KB requests",
        about="500 streams, 1 s between writes",
        body_bytes=size,
        script="stream&pace=1000",
        connections=500,
        budget=40,
        unit="KiB",
    )
    for size in (4000, 90_000)
)
"""What an open stream keeps in memory."""

LARGE_BODIES = Scenario(
    name="four bodies of 64 MiB at once",
    about="the largest the gateway takes by default",
    body_bytes=64 * 2**20,
    script="plain",
    connections=4,
    budget=400,
    unit="MiB",
)
"""What large requests do to the peak."""

WARM_UP = Scenario(name="warm-up", about="whatever is made at first use", script="stream", connections=4)
