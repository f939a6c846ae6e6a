"""CPU time for each request: the gateway's, nginx's and PostgreSQL's, and what goes into the write-ahead log."""

import resource
from collections.abc import Callable

import msgspec

from bench.accounting import busy_seconds, cpu_seconds
from bench.figures import spread
from bench.gateway import Server
from bench.processes import load
from bench.scenarios import Scenario
from bench.stand import Stand
from bench.task import Result

WARM_UP_SECONDS = 0.5


class Sample(msgspec.Struct, frozen=True):
    """One run of the clients against one server."""

    result: Result
    cpu_us: float
    """The server's, for each answer."""
    database_us: float
    wal_bytes: float
    others: float
    """Share of the machine that was used by nobody of the bench: other people, or the host."""


class Cost(msgspec.Struct, frozen=True):
    """What one scenario costs. The best repetition of each server, by its CPU time."""

    scenario: Scenario
    gateway: Sample
    spread: float
    """How far the worst repetition of the gateway lies above the best, as a share."""
    nginx: Sample | None
    others: float
    """The largest share of any repetition."""

    @property
    def ratio(self) -> float | None:
        """The gateway's CPU time over nginx's."""
        return self.gateway.cpu_us / self.nginx.cpu_us if self.nginx and self.nginx.cpu_us else None


def measure(stand: Stand, gateway: Server, scenario: Scenario, *, seconds: float, repetitions: int) -> Cost:
    """Measure gateway and nginx by turns, so that both meet the same machine."""
    servers = [gateway, *([stand.nginx] if stand.nginx else [])]
    for server in servers:
        load(scenario.task(server, stand.token, seconds=WARM_UP_SECONDS), stand.cores)
    rounds = [[_sample(stand, server, scenario, seconds) for server in servers] for _ in range(repetitions)]
    ours, *theirs = (list(samples) for samples in zip(*rounds, strict=True))
    return Cost(
        scenario=scenario,
        gateway=_best(ours),
        spread=spread([sample.cpu_us for sample in ours]),
        nginx=_best(theirs[0]) if theirs else None,
        others=max(sample.others for samples in rounds for sample in samples),
    )


def _sample(stand: Stand, server: Server, scenario: Scenario, seconds: float) -> Sample:
    """Run the clients once; what the gateway does for itself meanwhile counts too, it is little."""
    written = stand.database.written()
    used = _Used(stand, server)
    result = load(scenario.task(server, stand.token, seconds=seconds), stand.cores)
    used.stop()
    answers = max(result.answers, 1)
    return Sample(
        result=result,
        cpu_us=used.server / answers * 1e6,
        database_us=used.database / answers * 1e6,
        wal_bytes=(stand.database.written() - written) / answers,
        others=used.others,
    )


class _Used:
    """CPU seconds from here to `stop`."""

    def __init__(self, stand: Stand, server: Server) -> None:
        self._clocks: dict[str, Callable[[], float]] = {
            "server": lambda: cpu_seconds(server.pid),
            "database": lambda: stand.database.cpu_seconds,
            "provider": lambda: cpu_seconds(stand.provider.pid),
            "clients": _own_seconds,
            "machine": busy_seconds,
        }
        self._at_first = {name: clock() for name, clock in self._clocks.items()}

    def stop(self) -> None:
        used = {name: clock() - self._at_first[name] for name, clock in self._clocks.items()}
        machine = used.pop("machine")
        self.server, self.database = used["server"], used["database"]
        if self._clocks["server"]() == 0:
            raise SystemExit("bench: the server has ended")
        self.others = max(0.0, machine - sum(used.values())) / machine if machine else 0.0


def _own_seconds() -> float:
    """Of this process and those it has waited for: among them the clients."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _best(samples: list[Sample]) -> Sample:
    return min(samples, key=lambda sample: sample.cpu_us)
