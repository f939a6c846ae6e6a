"""What waits in memory: open streams, and the largest bodies at once. Each on a fresh gateway: no heap hides it."""

import time
from collections.abc import Iterator

import msgspec

from bench.accounting import forget_peak, memory_kib, peak_kib, tree
from bench.processes import hold, load
from bench.scenarios import WARM_UP, Scenario
from bench.stand import Stand
from bench.task import Result

WARM_UP_REQUESTS = 50
LOOKS, BETWEEN_LOOKS = 5, 1.0
"""While the streams are open; the largest counts."""
STREAM_SECONDS = 60.0
"""The most that opening all streams may take."""
BODY_SECONDS = 60.0


class OpenStreams(msgspec.Struct, frozen=True):
    """Memory of many open streams, in KiB."""

    scenario: Scenario
    before: int
    during: int
    result: Result
    """Of answers that were still open at the end; it shows errors only."""

    @property
    def each(self) -> float:
        """KiB a stream."""
        return (self.during - self.before) / self.scenario.connections


class LargeBodies(msgspec.Struct, frozen=True):
    """The largest resident set, in KiB."""

    scenario: Scenario
    before: int
    peak: int
    result: Result


def open_streams(stand: Stand, scenario: Scenario) -> OpenStreams:
    """Measure what each open stream holds."""
    with stand.gateway() as gateway:
        load(WARM_UP.task(gateway, stand.token, seconds=5, requests=WARM_UP_REQUESTS), stand.cores)
        before = memory_kib(gateway.pid)
        task = scenario.task(gateway, stand.token, seconds=STREAM_SECONDS, hold=True)
        during, result = hold(task, stand.cores, lambda: max(_looks(gateway.pid)))
        return OpenStreams(scenario, before, during, result)


def _looks(pid: int) -> Iterator[int]:
    for _ in range(LOOKS):
        time.sleep(BETWEEN_LOOKS)
        yield memory_kib(pid)


def large_bodies(stand: Stand, scenario: Scenario) -> LargeBodies:
    """Measure the peak while large bodies are carried."""
    with stand.gateway() as gateway:
        load(WARM_UP.task(gateway, stand.token, seconds=5, requests=WARM_UP_REQUESTS), stand.cores)
        forget_peak(gateway.pid)
        before = peak_kib(tree(gateway.pid))
        task = scenario.task(gateway, stand.token, seconds=BODY_SECONDS, requests=scenario.connections)
        result = load(task, stand.cores)
        return LargeBodies(scenario, before, peak_kib(tree(gateway.pid)), result)
