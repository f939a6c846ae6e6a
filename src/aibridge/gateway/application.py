"""The data plane as an ASGI application: each request is admitted, read, and carried by an exchange."""

import asyncio
import time
from collections.abc import Awaitable
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import structlog

from aibridge.auth.last_used import LastUsed
from aibridge.dialects.dialect import Dialect, Filter, Listener
from aibridge.dialects.encodings import open_decoder
from aibridge.errors import AccessDenied, RequestRefused, StoreError
from aibridge.gateway.admission import Admission
from aibridge.gateway.asgi import Receive, Scope, Send
from aibridge.gateway.body import Bodies, ClientGone
from aibridge.gateway.headers import joined, request_head
from aibridge.gateway.interception import Interception
from aibridge.gateway.reading import THREAD_FROM, Reading, read_request
from aibridge.gateway.refusals import STOPPED, closing, refusal_of, refuse
from aibridge.gateway.relay import Exchange
from aibridge.gateway.request import Request
from aibridge.gateway.routes import shape_of
from aibridge.gateway.tap import Tap
from aibridge.gateway.upstream import Reply, UpstreamClient
from aibridge.gateway.watch import Watch
from aibridge.ops.metrics import Metrics
from aibridge.recording.batch import Ticket
from aibridge.recording.recorder import Recorder
from aibridge.recording.rows import Credential, Origin
from aibridge.records import Begun

USAGE_NOT_KEPT_BACK = "the answer was compressed, so the usage that was asked for went to the client too"

log = structlog.get_logger(__name__)


class Gateway:
    """Carries every request of the data plane."""

    def __init__(
        self,
        *,
        admission: Admission,
        last_used: LastUsed,
        recorder: Recorder,
        upstream: UpstreamClient,
        bodies: Bodies,
        metrics: Metrics,
        gateway_id: UUID,
        log_requests: bool = False,
    ) -> None:
        self._log_requests = log_requests
        self._admission = admission
        self._last_used = last_used
        self._recorder = recorder
        self._upstream = upstream
        self._bodies = bodies
        self._metrics = metrics
        self._gateway_id = gateway_id
        self._large = asyncio.Semaphore(1)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Carry one request. No coroutine of its own: each that an answer comes through costs once more."""
        request = Request(scope, receive, send)
        return self._carry_logged(request) if self._log_requests else self._carry(request)

    async def _carry_logged(self, request: Request) -> None:
        request.noting_status()
        try:
            await self._carry(request)
        finally:
            seconds = round(time.monotonic() - request.arrived_at, 6)
            log.info("request ended", **request.told(), status=request.status, seconds=seconds)

    async def _carry(self, request: Request) -> None:
        shape = None
        try:
            request.route = route = self._admission.route(request)
            shape = route.shape
            await self._admission.admit(request)
            with self._bodies.hold() as request.held:
                request.body = await request.held.read(
                    request.fields, request.receive, whole=request.connection.body_is_here
                )
                if route.dialect is None:
                    await self._pass(request)
                else:
                    await self._intercept(request, route.dialect)
        except (RequestRefused, AccessDenied, StoreError) as problem:
            shape = shape or shape_of(self._admission.provider(request))
            refusal = closing(request.fields, refusal_of(problem), whole=request.connection.body_is_here)
            self._metrics.refused(refusal.reason)
            await refuse(request.send, shape, refusal)
        except ClientGone:
            return
        except asyncio.CancelledError:
            # The server ends while the request is still arriving. Nobody is left to pass this on to: see `Exchange`.
            await refuse(request.send, shape or shape_of(self._admission.provider(request)), STOPPED)
        except Exception:
            log.error("a request failed in the gateway; the server tells how", **request.told())  # noqa: TRY400
            raise

    async def _pass(self, request: Request) -> None:
        route = request.route
        self._metrics.passed(route.provider.name, route.pattern, request.scope["method"])
        log.info("passed through", **request.told(), path=route.endpoint)
        exchange = Exchange(
            send=request.send,
            watch=Watch(request.connection),
            call=lambda: self._call(request),
            refuse=request.refuse,
        )
        await exchange.run()

    async def _intercept(self, request: Request, dialect: Dialect) -> None:
        ticket, usage = self._begin(request, await self._read(request, dialect))
        discretion = request.route.provider.discretion

        def listen(reply: Reply, streaming: bool) -> tuple[Tap, Filter | None]:  # noqa: FBT001  called as `Exchange` says
            encoding = joined(reply.headers, b"content-encoding").decode("latin-1")
            listener = dialect.listen(status=reply.status, streaming=streaming, answers=discretion.capture.answers)
            if usage is None or not streaming:
                return _tap(listener, encoding), None
            if encoding:  # events cannot be taken out of compressed bytes, and to wait for their ends holds all back
                return _tap(listener, encoding, USAGE_NOT_KEPT_BACK), None
            return Tap(listener), usage

        exchange = Exchange(
            send=request.send,
            watch=Watch(request.connection),
            call=lambda: self._call(request),
            refuse=request.refuse,
            record=Interception(
                self._recorder,
                ticket,
                dialect=dialect.name,
                arrived_at=request.arrived_at,
                metrics=self._metrics,
                discretion=discretion,
                secrets=request.secrets,
                told=request.told,
            ),
            listen=listen,
            interception_id=str(request.interception_id),
        )
        await exchange.run()

    async def _read(self, request: Request, dialect: Dialect) -> Reading:
        reading = self._read_small(request, dialect)
        if reading is None:
            async with self._large:  # one at a time: decoded text stands beside the body
                reading = await asyncio.to_thread(self._read_now, request, dialect, limit=self._bodies.limit)
        if reading.edit is not None:
            request.body = reading.edit.body
        return reading

    def _read_small(self, request: Request, dialect: Dialect) -> Reading | None:
        """Read the body at once; None when it is large, be it only once it is decoded."""
        if len(request.body) >= THREAD_FROM:
            return None
        limit = min(self._bodies.limit, THREAD_FROM)
        try:
            return self._read_now(request, dialect, limit=limit)
        except RequestRefused as refused:
            if refused.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE or limit == self._bodies.limit:
                raise
            return None

    def _read_now(self, request: Request, dialect: Dialect, *, limit: int) -> Reading:
        provider = request.route.provider
        return read_request(
            dialect,
            request.body,
            request.fields,
            include_usage=provider.include_usage,
            limit=limit,
            discretion=provider.discretion,
        )

    def _begin(self, request: Request, reading: Reading) -> tuple[Ticket[Begun], Filter | None]:
        """Hand the start over. What was read is not kept: it would weigh on every open stream."""
        identity, credentials, route = request.identity, request.credentials, request.route
        self._last_used.note(identity.token_id, reading.facts.client)
        hint = credentials.hint if credentials.byok else route.provider.key_hint
        request.interception_id = interception_id = self._recorder.new_id()
        ticket = self._recorder.begin(
            interception_id,
            started_at=self._recorder.now() - timedelta(seconds=time.monotonic() - request.arrived_at),
            origin=Origin(
                initiator_id=identity.user_id,
                api_token_id=identity.token_id,
                gateway_id=self._gateway_id,
                provider=route.provider.type,
                provider_name=route.provider.name,
                endpoint=route.endpoint,
                credential=Credential(kind=credentials.kind, type=credentials.credential_type, hint=hint),
            ),
            facts=reading.facts,
            proof=reading.proof,
        )
        return ticket, reading.edit.filter() if reading.edit is not None else None

    async def _call(self, request: Request) -> Reply:
        route, credentials, query = request.route, request.credentials, request.scope["query_string"]
        try:
            return await self._upstream.send(
                route.provider.target,
                method=request.scope["method"].encode(),
                path=route.upstream_path + b"?" + query if query else route.upstream_path,
                headers=request_head(
                    request.scope["headers"],
                    drop=credentials.drop,
                    credential=None if credentials.byok else route.provider.credential,
                ),
                body=request.take_body(),
            )
        finally:
            request.held.release()


def _tap(listener: Listener, encoding: str, *notes: str) -> Tap:
    if not encoding:
        return Tap(listener)
    decoder = open_decoder(encoding)
    if decoder is None:
        return Tap.deafened(listener, f"the answer's content encoding {encoding!r} is unknown", *notes)
    return Tap(listener, decoder, notes=notes)
