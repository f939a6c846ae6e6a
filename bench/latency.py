"""How much later the first byte comes, beside the same question without a gateway and beside one durable commit."""

import msgspec

from bench.gateway import Server
from bench.processes import load
from bench.scenarios import Scenario
from bench.stand import Stand
from bench.task import Result

COMMITS = 300


class Latency(msgspec.Struct, frozen=True):
    """One connection's wait. Microseconds; each the lowest median among the repetitions."""

    scenario: Scenario
    gateway: Result
    nginx: Result | None
    bare: Result
    """The provider without anything before it."""
    commit: float
    """One durable commit on the gateway's database."""

    @property
    def added(self) -> float:
        """Time to first byte that the gateway adds."""
        return self.gateway.first_byte_p50 - self.bare.first_byte_p50

    @property
    def beyond_commit(self) -> float:
        """What is left of it without one commit."""
        return self.added - self.commit


def measure(stand: Stand, gateway: Server, scenario: Scenario, *, seconds: float, repetitions: int) -> Latency:
    """Ask the servers by turns, with the commits between them."""
    rounds = [_round(stand, gateway, scenario, seconds) for _ in range(repetitions)]
    return Latency(
        scenario=scenario,
        gateway=_best([ours for ours, _, _, _ in rounds]),
        nginx=_best([theirs for _, theirs, _, _ in rounds if theirs]) if stand.nginx else None,
        bare=_best([bare for _, _, bare, _ in rounds]),
        commit=min(commit for _, _, _, commit in rounds),
    )


def _round(
    stand: Stand, gateway: Server, scenario: Scenario, seconds: float
) -> tuple[Result, Result | None, Result, float]:
    def ask(server: Server) -> Result:
        return load(scenario.task(server, stand.token, seconds=seconds), stand.cores)

    ours = ask(gateway)
    commit = stand.database.commit_us(COMMITS)
    return ours, ask(stand.nginx) if stand.nginx else None, ask(stand.provider), commit


def _best(results: list[Result]) -> Result:
    return min(results, key=lambda result: result.first_byte_p50)
