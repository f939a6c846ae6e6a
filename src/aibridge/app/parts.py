"""Builds the parts of one worker process."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import msgspec
import structlog

from aibridge.app.face import Face
from aibridge.app.hearing import ears_of, hear
from aibridge.app.live import announce
from aibridge.app.memory import TRIM_SECONDS, Trimmer
from aibridge.app.prices import follow_prices, open_prices
from aibridge.app.rooms import api_over, data_plane, pages_over, reporter_to
from aibridge.app.upkeep import (
    HEARTBEAT_SECONDS,
    INDEX_SECONDS,
    POSTING_SECONDS,
    PROBE_SECONDS,
    RECOVERY_SECONDS,
    TELEMETRY_SECONDS,
    Upkeep,
    heartbeat,
    index,
    recover,
    register,
    report,
    retain,
    running,
)
from aibridge.auth.identify import Identifier
from aibridge.auth.last_used import LastUsed
from aibridge.auth.passwords import PasswordDesk
from aibridge.config import Settings
from aibridge.errors import StoreError
from aibridge.gateway.body import Bodies, BodyLimits
from aibridge.gateway.upstream import Proxies, UpstreamClient
from aibridge.ops.health import Health, Readiness
from aibridge.ops.metrics import Metrics
from aibridge.ops.metrics.board import Board
from aibridge.ops.record_log import RecordLog
from aibridge.ops.retention import RETENTION_SECONDS
from aibridge.recording.ids import uuid7
from aibridge.recording.recorder import Patience, Recorder, Watchers, open_recorder
from aibridge.store.pool import Store, open_store
from aibridge.web.live import Live

DRAIN_SECONDS = 2.0
"""At the end, for the last records: a database that cannot be reached must not hold up the process for longer."""
PARTING_SECONDS = 0.5
"""At the end, for each thing that is good to write and owed to nobody."""

log = structlog.get_logger(__name__)


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One worker process, running."""

    face: Face
    store: Store
    recorder: Recorder
    health: Health
    live: Live
    gateway_id: UUID


@asynccontextmanager
async def open_worker(
    settings: Settings, dsn: str, *, proxies: Proxies | None = None, board: Board | None = None, seat: int = 0
) -> AsyncIterator[Worker]:
    """Build everything a worker needs; leaving takes it down in the opposite order, the record last.

    `proxies`: on the way to the providers; None for those of the environment. `board` and `seat`: where this worker
    counts; None for one that is alone.
    """
    gateway_id = uuid7(int(time.time() * 1000))
    direct_dsn = settings.database_direct_url.reveal() if settings.database_direct_url else dsn
    health = Health(("store",))
    metrics = Metrics(board, seat=seat, providers={each.name: each.type.value for each in settings.providers})
    upkeep = Upkeep(metrics)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(dsn, pooled=direct_dsn != dsn))
        await register(store, gateway_id)
        stack.push_async_callback(_parting, lambda: store.recovery.retire_gateway(gateway_id))
        health.up("store")
        prices = await open_prices(store, metrics)
        recorder = await stack.enter_async_context(
            open_recorder(
                store,
                clock=time.time,
                patience=Patience(begin=settings.begin_timeout, finish=settings.finish_timeout),
                drain_seconds=DRAIN_SECONDS,
                died=lambda problem: _died(health, problem),
                pricing=prices,
                watchers=Watchers(
                    begins=metrics.recording("begin"),
                    finishes=metrics.recording("finish"),
                    rows=RecordLog() if settings.log_records else None,
                ),
            )
        )
        identifier = Identifier(store.people)
        last_used = LastUsed(store.people.touch_tokens)
        stack.push_async_callback(_parting, last_used.flush)
        proxies = Proxies.from_environment(os.environ) if proxies is None else proxies
        upstream = await stack.enter_async_context(UpstreamClient(proxies=proxies))
        bodies = Bodies(BodyLimits(one=settings.max_body, together=settings.body_memory))
        gateway = data_plane(
            settings,
            store,
            identifier=identifier,
            last_used=last_used,
            recorder=recorder,
            upstream=upstream,
            bodies=bodies,
            metrics=metrics,
            gateway_id=gateway_id,
        )
        passwords, live, prices_changed = PasswordDesk(), Live(), asyncio.Event()
        api = api_over(store, identifier=identifier, last_used=last_used, passwords=passwords)
        readiness = Readiness(health, store.probe, told=metrics.store_up.set)
        web = pages_over(store, settings, passwords=passwords, readiness=readiness, live=live)
        reporter = reporter_to(settings.telemetry_url, store, upstream)
        await stack.enter_async_context(
            running(
                lambda: hear(direct_dsn, ears_of(identifier, live, prices_changed.set)),
                lambda: follow_prices(prices, prices_changed),
                lambda: announce(store.announcer),
                last_used.run,
                upkeep.every(HEARTBEAT_SECONDS, "heartbeat", lambda: heartbeat(store, gateway_id)),
                upkeep.every(TRIM_SECONDS, "trim", Trimmer(lambda: bodies.freed).trim),
                upkeep.every(RECOVERY_SECONDS, "recovery", lambda: recover(store, gateway_id)),
                upkeep.every(PROBE_SECONDS, "probe", readiness.look),
                upkeep.every(POSTING_SECONDS, "posting", store.books.post),
                upkeep.every(INDEX_SECONDS, "index", lambda: index(store)),
                upkeep.every(TELEMETRY_SECONDS, "telemetry", lambda: report(store, reporter)),
                upkeep.every(RETENTION_SECONDS, "retention", lambda: retain(store, settings.retention)),
                upkeep.every(RETENTION_SECONDS, "sign-ins", store.sign_ins.forget),
            )
        )
        face = Face(gateway=gateway, api=api, web=web, health=health, readiness=readiness, metrics=metrics)
        yield Worker(face=face, store=store, recorder=recorder, health=health, live=live, gateway_id=gateway_id)


def _died(health: Health, problem: Exception) -> None:
    log.critical("the recorder has stopped: no request can be carried", exc_info=problem)
    health.down("recorder", "the recorder has stopped")


async def _parting(work: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(PARTING_SECONDS):
            await work()
    except (StoreError, TimeoutError) as problem:
        log.warning("the database did not take this worker's last words", problem=str(problem))
