"""What happened, put into figures: one call when an interception begins, one when it ends."""

import asyncio
import os
import time
from collections.abc import Mapping
from enum import StrEnum

from aibridge.ops.metrics import catalogue
from aibridge.ops.metrics.board import Board
from aibridge.ops.metrics.catalogue import OTHER
from aibridge.ops.metrics.meters import Counter, Gauge, Histogram, Meters
from aibridge.ops.metrics.page import Page
from aibridge.records import Begun, Outcome, ReplyFacts, TokenUsage

MAX_MODELS = 200
"""Names that a worker takes on trust, after a provider has answered to them."""
INTERCEPTED = "POST"


class Refusal(StrEnum):
    """Why a request was refused before anything was sent upstream."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    ROUTE = "route"
    REQUEST = "request"
    TOO_LARGE = "too_large"
    SLOW = "slow"
    BUSY = "busy"
    RECORD = "record"
    """The start could not be recorded."""


class Metrics:
    """Everything one worker counts, and the page about all of them. Belongs to one event loop."""

    def __init__(
        self, board: Board | None = None, *, seat: int = 0, providers: Mapping[str, str] | None = None
    ) -> None:
        """`providers`: types by name, of those that are configured."""
        board = board or Board.alone()
        self._meters = meters = Meters(board.seats[seat], pid=os.getpid())
        self._page = Page(board.again(), providers or {})
        self._reading = asyncio.Lock()
        self._models: set[str] = set()
        self._in_flight: dict[tuple[str, str, str], Gauge] = {}
        self._ended: dict[tuple[str, str, str, str], _Ended] = {}
        self._passed: dict[tuple[str, str, str], Counter] = {}
        self._unpriced: dict[tuple[str, str], Counter] = {}
        self._upkeep: dict[str, _Upkeep] = {}
        self._refused = {reason: meters.counter(catalogue.REFUSALS, reason.value) for reason in Refusal}
        self.begin_failures = meters.counter(catalogue.BEGIN_FAILURES)
        self.finish_failures = meters.counter(catalogue.FINISH_FAILURES)
        self.store_up = meters.gauge(catalogue.STORE_UP)

    def began(self, row: Begun) -> Gauge:
        """An interception is under way. Returns its gauge, for `ended`."""
        model = row.model if row.model in self._models else OTHER
        key = (row.provider_name, row.endpoint, model)
        gauge = self._in_flight.get(key)
        if gauge is None:
            gauge = self._in_flight[key] = self._meters.gauge(catalogue.IN_FLIGHT, key[0], model, row.endpoint)
        gauge.inc()
        return gauge

    def ended(
        self, row: Begun, outcome: Outcome, facts: ReplyFacts, *, seconds: float, first_byte_us: int | None
    ) -> "_Ended":
        """An interception ended. Returns the counters of its kind."""
        model = row.model
        if model not in self._models:
            model = self._named(model, outcome)
        key = (row.provider_name, row.endpoint, model, row.client)
        series = self._ended.get(key)
        if series is None:
            series = self._ended[key] = _Ended(self._meters, key)
        series.count(outcome, facts, seconds=seconds, first_byte_us=first_byte_us)
        if row.user_prompt is not None:
            series.prompts.inc()
        return series

    def passed(self, provider_name: str, route: str, method: str) -> None:
        """A request is passed through; `route` is a line of the table of routes, not its path."""
        key = (provider_name, route, method)
        counter = self._passed.get(key)
        if counter is None:
            counter = self._passed[key] = self._meters.counter(catalogue.PASSED, *key)
        counter.inc()

    def unpriced(self, provider_name: str, model: str) -> None:
        """An answer told token figures, and what they cost is unknown. Satisfies `ops.prices.desk.Counts`."""
        counter = self._unpriced.get((provider_name, model))
        if counter is None:
            counter = self._meters.counter(catalogue.UNPRICED, provider_name, model)
            if len(self._unpriced) < catalogue.UNPRICED.limit:
                self._unpriced[provider_name, model] = counter
        counter.inc()

    def refused(self, reason: Refusal) -> None:
        """A request was refused before anything was sent upstream."""
        self._refused[reason].inc()

    def recording(self, kind: str) -> "RecordingMeter":
        """What one kind of row is written with. Satisfies `recording.batch.Meter`."""
        return RecordingMeter(self._meters, kind)

    def upkeep(self, work: str, *, done: bool) -> None:
        """A periodic work ran."""
        counters = self._upkeep.get(work)
        if counters is None:
            counters = self._upkeep[work] = _Upkeep(self._meters, work)
        counters.ran(done=done)

    def render(self) -> tuple[bytes, str]:
        """The page that Prometheus reads, about all workers: body and content type."""
        return self._page.render()

    async def page(self) -> tuple[bytes, str]:
        """The same, made in a thread and one at a time: with thousands of series it takes a tenth of a second."""
        async with self._reading:
            return await asyncio.to_thread(self.render)

    def _named(self, model: str, outcome: Outcome) -> str:
        """A model is called by its name once a provider has answered to it: what clients make up fills no page."""
        if outcome is not Outcome.COMPLETED or len(self._models) >= MAX_MODELS:
            return OTHER
        self._models.add(model)
        return model


class _Ended:
    """The series of interceptions of one provider, route, model and client."""

    def __init__(self, meters: Meters, key: tuple[str, str, str, str]) -> None:
        provider, route, model, client = key
        self._meters = meters
        self._whose = provider, model
        self._outcomes = {
            outcome: meters.counter(catalogue.INTERCEPTIONS, provider, model, client, outcome.value, route, INTERCEPTED)
            for outcome in Outcome
        }
        self._duration = meters.histogram(catalogue.DURATION, provider, model)
        self._first_byte = meters.histogram(catalogue.FIRST_BYTE, provider, model)
        self._tokens = _Tokens(meters, provider, model, client)
        self._tools: dict[str, Counter] = {}
        self._notes = meters.counter(catalogue.NOTES, provider)
        self.retries = meters.counter(catalogue.RETRIES, provider)
        self.prompts = meters.counter(catalogue.PROMPTS, provider, model, client)

    def count(self, outcome: Outcome, facts: ReplyFacts, *, seconds: float, first_byte_us: int | None) -> None:
        """One more."""
        self._outcomes[outcome].inc()
        self._duration.observe(seconds)
        if first_byte_us is not None:
            self._first_byte.observe(first_byte_us / 1e6)
        if facts.token_usage is not None:
            self._tokens.add(facts.token_usage)
        for usage in facts.tool_usages:
            self._tool(usage.tool).inc()
        if facts.notes:
            self._notes.inc(len(facts.notes))

    def _tool(self, name: str) -> Counter:
        counter = self._tools.get(name)
        if counter is None:
            counter = self._meters.counter(catalogue.TOOLS, *self._whose, name)
            if len(self._tools) < catalogue.TOOLS.limit:
                self._tools[name] = counter
        return counter


class _Tokens:
    """Of one provider, model and client. Unknown figures count nothing."""

    __slots__ = ("_cache_read", "_cache_write", "_input", "_output")

    def __init__(self, meters: Meters, *labels: str) -> None:
        self._input = meters.counter(catalogue.TOKENS, *labels, "input")
        self._output = meters.counter(catalogue.TOKENS, *labels, "output")
        self._cache_read = meters.counter(catalogue.TOKENS, *labels, "cache_read_input_tokens")
        self._cache_write = meters.counter(catalogue.TOKENS, *labels, "cache_write_input_tokens")

    def add(self, usage: TokenUsage) -> None:
        """Those of one answer."""
        if usage.input:
            self._input.inc(usage.input)
        if usage.output:
            self._output.inc(usage.output)
        if usage.cache_read:
            self._cache_read.inc(usage.cache_read)
        if usage.cache_write:
            self._cache_write.inc(usage.cache_write)


class RecordingMeter:
    """How one kind of row is written."""

    def __init__(self, meters: Meters, kind: str) -> None:
        self._rows: Histogram = meters.histogram(catalogue.BATCH_ROWS, kind)
        self._seconds = meters.histogram(catalogue.COMMIT_SECONDS, kind)
        self._lost = meters.counter(catalogue.LOST_TRIES, kind)
        self._reduced = meters.counter(catalogue.REDUCED, kind)
        self._queued = meters.gauge(catalogue.QUEUED, kind)

    def written(self, rows: int, *, seconds: float, waiting: int) -> None:
        """A batch is durable; so many rows came meanwhile."""
        self._rows.observe(rows)
        self._seconds.observe(seconds)
        self._queued.set(waiting)

    def lost(self, *, waiting: int) -> None:
        """The database was away; so many rows wait, those of the batch included."""
        self._lost.inc()
        self._queued.set(waiting)

    def reduced(self) -> None:
        """A row was refused, and is written without its texts."""
        self._reduced.inc()


class _Upkeep:
    """The runs of one periodic work."""

    def __init__(self, meters: Meters, work: str) -> None:
        self._done = meters.counter(catalogue.UPKEEP_RUNS, work, "done")
        self._failed = meters.counter(catalogue.UPKEEP_RUNS, work, "failed")
        self._at = meters.gauge(catalogue.UPKEEP_AT, work)

    def ran(self, *, done: bool) -> None:
        """Once more."""
        (self._done if done else self._failed).inc()
        if done:
            self._at.set(time.time())
