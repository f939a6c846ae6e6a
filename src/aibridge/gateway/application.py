"""The data plane as an ASGI application: who asks, for what, and which way the request goes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from aibridge.auth.credentials import Credentials, read_credentials
from aibridge.auth.identify import Identifier, Identity
from aibridge.auth.last_used import LastUsed
from aibridge.dialects.dialect import Dialect, Filter
from aibridge.dialects.encodings import open_decoder
from aibridge.errors import AccessDenied, RequestRefused, StoreError, TokenInvalid, TokenMissing
from aibridge.gateway.asgi import Receive, Scope, Send
from aibridge.gateway.body import Bodies, ClientGone
from aibridge.gateway.headers import first, request_head
from aibridge.gateway.interception import Interception
from aibridge.gateway.reading import THREAD_FROM, Reading, read_request
from aibridge.gateway.refusals import Refusal, refusal_of, refuse
from aibridge.gateway.relay import Exchange, is_event_stream
from aibridge.gateway.routes import FALLBACK, Access, Route, Routes
from aibridge.gateway.server import CONNECTION
from aibridge.gateway.tap import Tap
from aibridge.gateway.upstream import Reply, UpstreamClient
from aibridge.gateway.watch import Watch
from aibridge.ops.metrics import Metrics
from aibridge.recording.batch import Ticket
from aibridge.recording.recorder import Recorder
from aibridge.recording.rows import Credential, Origin
from aibridge.records import Begun, ProviderType
from aibridge.records import Scope as TokenScope


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and with whose credential."""

    identity: Identity
    credentials: Credentials


class Gateway:
    """Carries every request of the data plane."""

    def __init__(
        self,
        *,
        routes: Routes,
        identifier: Identifier,
        last_used: LastUsed,
        recorder: Recorder,
        upstream: UpstreamClient,
        bodies: Bodies,
        metrics: Metrics,
        gateway_id: UUID,
        allow_byok: bool,
        owns_response: Callable[[UUID, str], Awaitable[bool]],
    ) -> None:
        self._routes = routes
        self._identifier = identifier
        self._last_used = last_used
        self._recorder = recorder
        self._upstream = upstream
        self._bodies = bodies
        self._metrics = metrics
        self._gateway_id = gateway_id
        self._allow_byok = allow_byok
        self._owns_response = owns_response
        self._large = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry one request."""
        arrived_at = time.monotonic()
        shape = self._shape(scope)
        try:
            route = self._route(scope)
            shape = route.dialect or shape
            caller = await self._admit(route, scope)
            await self._carry(_Request(scope, receive, send, route, caller, arrived_at))
        except (RequestRefused, AccessDenied, StoreError) as problem:
            await refuse(send, shape, _closing(scope, refusal_of(problem)))
        except ClientGone:
            return

    # -------------------------------------------------------------- admission

    def _shape(self, scope: Scope) -> Dialect:
        provider = self._routes.provider(scope["raw_path"])
        return FALLBACK[provider.type if provider else ProviderType.OPENAI]

    def _route(self, scope: Scope) -> Route:
        method, raw_path = scope["method"], scope["raw_path"]
        if first(scope["headers"], b"upgrade") and self._routes.is_intercepted(raw_path):
            raise RequestRefused("WebSocket is not supported here; use HTTP.", status=426)
        route = self._routes.find(method, raw_path)
        if route is None:
            path = raw_path.decode("ascii", "replace")
            raise RequestRefused(f"route not supported: {method} {path}", status=404)
        return route

    async def _admit(self, route: Route, scope: Scope) -> Caller:
        provider = route.provider
        credentials = read_credentials(scope["headers"], provider.type)
        identity = await self._identify(credentials.candidates)
        if credentials.byok and not self._allow_byok:
            raise RequestRefused(
                "Bringing your own key is not allowed here. Ask your administrator about AIBRIDGE_ALLOW_BYOK.",
                status=403,
            )
        if credentials.byok and not credentials.own_left:
            raise TokenMissing(
                "X-AIBridge-Token goes with your own provider credential, but none was sent. Add it."
            )
        if not credentials.byok and not provider.has_key:
            raise TokenMissing(
                f"No key is configured for the provider {provider.name!r}. Ask an administrator to set it,"
                " or send your own key and put the aibridge token into X-AIBridge-Token."
            )
        if not credentials.byok and route.access is not Access.ANYONE:
            await self._check_ownership(route, identity)
        return Caller(identity=identity, credentials=credentials)

    async def _identify(self, candidates: tuple[str, ...]) -> Identity:
        """The first valid token counts; if none is, the first one's fault is told."""
        problem: AccessDenied = TokenMissing()
        for number, candidate in enumerate(candidates):
            try:
                return await self._identifier.identify(candidate, scope=TokenScope.GATEWAY)
            except TokenInvalid as invalid:
                problem = problem if number else invalid
        raise problem

    async def _check_ownership(self, route: Route, identity: Identity) -> None:
        """A central key opens everybody's stored responses: only those on record for this user are shown."""
        response_id = route.path.split(b"/")[3].decode() if route.access is Access.OWN_RECORD else ""
        if not response_id or not await self._owns_response(identity.user_id, response_id):
            raise RequestRefused("There is no such thing on record for you.", status=404)

    # -------------------------------------------------------------- carrying

    async def _carry(self, request: "_Request") -> None:
        with self._bodies.hold() as held:
            request.release = held.release
            request.body = await held.read(request.scope["headers"], request.receive)
            if request.route.dialect is None:
                await self._pass(request)
            else:
                await self._intercept(request, request.route.dialect)

    async def _pass(self, request: "_Request") -> None:
        self._metrics.provider(request.route.provider.name).passed_through.inc()
        exchange = Exchange(
            send=request.send, watch=request.watch, call=lambda: self._call(request), refuse=request.refuse
        )
        await exchange.run()

    async def _intercept(self, request: "_Request", dialect: Dialect) -> None:
        reading = await self._read(request, dialect)
        request.interception_id = interception_id = self._recorder.new_id()
        ticket = self._begin(request, interception_id, reading)
        if not self._recorder.available and await ticket.promise is not None:
            raise StoreError
        record = Interception(
            self._recorder,
            ticket,
            dialect=dialect.name,
            arrived_at=request.arrived_at,
            metrics=self._metrics.provider(request.route.provider.name),
        )
        edit = reading.edit

        def listen(reply: Reply) -> tuple[Tap, Filter | None]:
            return _tap(dialect, reply), edit.filter() if edit and is_event_stream(reply.headers) else None

        exchange = Exchange(
            send=request.send,
            watch=request.watch,
            call=lambda: self._call(request),
            refuse=request.refuse,
            record=record,
            listen=listen,
            interception_id=str(interception_id),
        )
        await exchange.run()

    async def _read(self, request: "_Request", dialect: Dialect) -> Reading:
        headers = dict(reversed(list(request.scope["headers"])))
        include_usage, limit = request.route.provider.include_usage, self._bodies.limit
        if len(request.body) < THREAD_FROM:
            reading = read_request(dialect, request.body, headers, include_usage=include_usage, limit=limit)
        else:
            async with self._large:  # one at a time: decoded text stands beside the body
                reading = await asyncio.to_thread(
                    read_request, dialect, request.body, headers, include_usage=include_usage, limit=limit
                )
        if reading.edit is not None:
            request.body = reading.edit.body
        return reading

    def _begin(self, request: "_Request", interception_id: UUID, reading: Reading) -> Ticket[Begun]:
        identity, credentials, provider = request.caller.identity, request.caller.credentials, request.route.provider
        self._last_used.note(identity.token_id, reading.facts.client)
        hint = credentials.hint if credentials.byok else provider.key_hint
        return self._recorder.begin(
            interception_id,
            started_at=self._recorder.now(),
            origin=Origin(
                initiator_id=identity.user_id,
                api_token_id=identity.token_id,
                gateway_id=self._gateway_id,
                provider=provider.type,
                provider_name=provider.name,
                endpoint=request.route.path.decode(),
                user_agent=first(request.scope["headers"], b"user-agent").decode("latin-1"),
                credential=Credential(kind=credentials.kind, type=credentials.credential_type, hint=hint),
            ),
            facts=reading.facts,
            proof=reading.proof,
        )

    async def _call(self, request: "_Request") -> Reply:
        route, credentials = request.route, request.caller.credentials
        query = request.scope["query_string"]
        path = route.provider.target.base_path + route.upstream_path
        try:
            return await self._upstream.send(
                route.provider.target,
                method=request.scope["method"].encode(),
                path=path + b"?" + query if query else path,
                headers=request_head(
                    request.scope["headers"],
                    drop=credentials.drop,
                    credential=None if credentials.byok else route.provider.credential(),
                ),
                body=request.take_body(),
            )
        finally:
            request.release()


class _Request:
    """One request on its way."""

    __slots__ = (
        "arrived_at",
        "body",
        "caller",
        "interception_id",
        "receive",
        "release",
        "route",
        "scope",
        "send",
        "watch",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        route: Route,
        caller: Caller,
        arrived_at: float,
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.route = route
        self.caller = caller
        self.arrived_at = arrived_at
        self.body: bytes | bytearray = b""
        self.release: Callable[[], None] = lambda: None
        self.interception_id: UUID | None = None
        self.watch = Watch(scope["extensions"][CONNECTION])

    def take_body(self) -> bytes | bytearray:
        """Give the body away: an answer may take many minutes, and 64 MiB must not wait for its end."""
        body, self.body = self.body, b""
        return body

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with the gateway's own words."""
        shape = self.route.dialect or FALLBACK[self.route.provider.type]
        interception_id = str(self.interception_id) if self.interception_id else None
        await refuse(self.send, shape, refusal, interception_id=interception_id)


def _tap(dialect: Dialect, reply: Reply) -> Tap:
    listener = dialect.listen(status=reply.status, streaming=is_event_stream(reply.headers))
    encoding = first(reply.headers, b"content-encoding")
    decoder = open_decoder(encoding.decode("latin-1")) if encoding else None
    if encoding and decoder is None:
        return Tap.deafened(listener, f"the answer's content encoding {encoding.decode('latin-1')!r} is unknown")
    return Tap(listener, decoder)


def _closing(scope: Scope, refusal: Refusal) -> Refusal:
    """A refusal before the body was read ends the connection, unless what remains is small."""
    length = first(scope["headers"], b"content-length")
    if (
        refusal.close
        or (length and int(length) <= SMALL_BODY)
        or not (length or first(scope["headers"], b"transfer-encoding"))
    ):
        return refusal
    return Refusal(status=refusal.status, message=refusal.message, close=True)


SMALL_BODY = 256 * 1024
"""Bytes of a refused body that are cheaper to read away than a new connection."""
