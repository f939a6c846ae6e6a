"""Builds the parts of one worker process and keeps its periodic work going."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import msgspec
import structlog

from aibridge import __version__
from aibridge.api.application import create_api
from aibridge.api.parts import ApiParts
from aibridge.app.face import Face
from aibridge.app.memory import TRIM_SECONDS, Trimmer
from aibridge.auth.identify import Identifier
from aibridge.auth.last_used import LastUsed
from aibridge.auth.passwords import PasswordDesk
from aibridge.config import ProviderSettings, Settings
from aibridge.errors import StoreError
from aibridge.gateway.admission import Admission
from aibridge.gateway.application import Gateway
from aibridge.gateway.body import Bodies, BodyLimits
from aibridge.gateway.providers import Provider
from aibridge.gateway.routes import Routes
from aibridge.gateway.upstream import Proxies, Target, UpstreamClient
from aibridge.ops.health import Health
from aibridge.ops.metrics import Metrics
from aibridge.recording.ids import uuid7
from aibridge.recording.recorder import Patience, Recorder, open_recorder
from aibridge.store.listening import Hearing, listen
from aibridge.store.people import AUTH_CHANNEL
from aibridge.store.pool import Store, open_store

HEARTBEAT_SECONDS = 10.0
RECOVERY_SECONDS = 5.0
"""Between looks for what dead workers left open; with their 60 s of silence, rows are closed within about a minute."""
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
    gateway_id: UUID


@asynccontextmanager
async def open_worker(settings: Settings, dsn: str, *, proxies: Proxies | None = None) -> AsyncIterator[Worker]:
    """Build everything a worker needs; leaving takes it down in the opposite order, the record last.

    `proxies`: on the way to the providers; None for those of the environment.
    """
    gateway_id = uuid7(int(time.time() * 1000))
    direct_dsn = settings.database_direct_url.reveal() if settings.database_direct_url else dsn
    health, metrics = Health(("store",)), Metrics()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(dsn, pooled=direct_dsn != dsn))
        await _register(store, gateway_id)
        stack.push_async_callback(_parting, lambda: store.recovery.retire_gateway(gateway_id))
        health.up("store")
        recorder = await stack.enter_async_context(
            open_recorder(
                store,
                clock=time.time,
                patience=Patience(begin=settings.begin_timeout, finish=settings.finish_timeout),
                drain_seconds=DRAIN_SECONDS,
                died=lambda problem: _died(health, problem),
            )
        )
        identifier = Identifier(store.people)
        last_used = LastUsed(store.people.touch_tokens)
        stack.push_async_callback(_parting, last_used.flush)
        proxies = Proxies.from_environment(os.environ) if proxies is None else proxies
        upstream = await stack.enter_async_context(UpstreamClient(proxies=proxies))
        bodies = Bodies(BodyLimits(one=settings.max_body, together=settings.body_memory))
        gateway = Gateway(
            admission=Admission(
                routes=Routes(_provider(provider) for provider in settings.providers),
                identifier=identifier,
                allow_byok=settings.allow_byok,
                owns_response=store.reader.owns_response,
            ),
            last_used=last_used,
            recorder=recorder,
            upstream=upstream,
            bodies=bodies,
            metrics=metrics,
            gateway_id=gateway_id,
        )
        api = create_api(
            ApiParts(
                identifier=identifier,
                last_used=last_used,
                people=store.people,
                passwords=PasswordDesk(),
                records=store.reader,
                version=__version__,
            )
        )
        await stack.enter_async_context(
            _periodic(
                lambda: _listen(identifier, direct_dsn),
                last_used.run,
                lambda: _every(HEARTBEAT_SECONDS, lambda: _heartbeat(store, gateway_id)),
                lambda: _every(TRIM_SECONDS, Trimmer(lambda: bodies.freed).trim),
                lambda: _every(RECOVERY_SECONDS, lambda: _recover(store, gateway_id)),
            )
        )
        face = Face(gateway=gateway, api=api, health=health, metrics=metrics)
        yield Worker(face=face, store=store, recorder=recorder, health=health, gateway_id=gateway_id)


def _provider(settings: ProviderSettings) -> Provider:
    return Provider(
        name=settings.name,
        type=settings.type,
        target=Target.parse(settings.base_url),
        key=settings.key.reveal(),
        include_usage=settings.include_usage,
    )


def _died(health: Health, problem: Exception) -> None:
    log.critical("the recorder has stopped: no request can be carried", exc_info=problem)
    health.down("recorder", "the recorder has stopped")


# ------------------------------------------------------------------ periodic work


@asynccontextmanager
async def _periodic(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(_run(work)) for work in works]
        try:
            yield
        finally:
            for task in running:
                task.cancel()


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except StoreError as problem:
            log.warning("the database cannot be reached", problem=str(problem))
        await asyncio.sleep(seconds)


async def _register(store: Store, gateway_id: UUID) -> None:
    await store.recovery.register_gateway(
        gateway_id, hostname=socket.gethostname(), pid=os.getpid(), version=__version__
    )


async def _parting(work: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(PARTING_SECONDS):
            await work()
    except (StoreError, TimeoutError) as problem:
        log.warning("the database did not take this worker's last words", problem=str(problem))


async def _heartbeat(store: Store, gateway_id: UUID) -> None:
    if not await store.recovery.heartbeat(gateway_id):
        await _register(store, gateway_id)


async def _recover(store: Store, gateway_id: UUID) -> None:
    closed = await store.recovery.recover(gateway_id)
    if closed:
        log.warning("closed interceptions that a dead worker left open", count=closed)


async def _listen(identifier: Identifier, dsn: str) -> None:
    async for event in listen(dsn, AUTH_CHANNEL):
        if isinstance(event, Hearing):
            identifier.listening(heard=event is Hearing.CONNECTED)
        else:
            identifier.forget()
