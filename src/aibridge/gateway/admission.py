"""Before anything of a body is read: whether there is such a route, who asks, and whether they may."""

from collections.abc import Awaitable, Callable
from urllib.parse import unquote_to_bytes
from uuid import UUID

from aibridge.auth.credentials import read_credentials
from aibridge.auth.identify import Identifier, Identity
from aibridge.auth.tokens import carries_token
from aibridge.errors import AccessDenied, RequestRefused, ScopeMissing, TokenInvalid, TokenMissing
from aibridge.gateway.providers import Provider
from aibridge.gateway.request import Request
from aibridge.gateway.routes import Access, Route, Routes
from aibridge.records import Scope

SEEN_BY_OTHERS = (
    "There is an aibridge token in the URL of this request, which would take it to the provider and into logs on the "
    "way. Send it in a header, and revoke this one: others may have seen it."
)


class Admission:
    """Decides which requests are carried. `owns_response` tells whether a stored response is on a user's record."""

    def __init__(
        self,
        *,
        routes: Routes,
        identifier: Identifier,
        allow_byok: bool,
        owns_response: Callable[[UUID, str], Awaitable[bool]],
    ) -> None:
        self._routes = routes
        self._identifier = identifier
        self._allow_byok = allow_byok
        self._owns_response = owns_response

    def route(self, request: Request) -> Route:
        """Return where a request goes. Raises `RequestRefused` 404, or 426 for a WebSocket, before anyone is asked."""
        method, raw_path = request.scope["method"], request.scope["raw_path"]
        if b"websocket" in request.fields.get(b"upgrade", b"").lower() and self._routes.is_intercepted(raw_path):
            raise RequestRefused("WebSocket is not supported here; use HTTP.", status=426)
        route = self._routes.find(method, raw_path)
        if route is None:
            path = raw_path.decode("ascii", "replace")
            raise RequestRefused(f"route not supported: {method} {path}", status=404)
        return route

    def provider(self, request: Request) -> Provider | None:
        """Return the provider that a request's path names, for the shape of a refusal."""
        return self._routes.provider(request.scope["raw_path"])

    async def admit(self, request: Request) -> None:
        """Set the request's identity and credentials. Neither is looked for in the address, which goes on as it is.

        Raises `AccessDenied`, `RequestRefused` (400, 403, 404) or, when nobody can be asked, `StoreUnavailable`.
        """
        route = request.route
        if any(map(carries_token, (request.scope["raw_path"], unquote_to_bytes(request.scope["query_string"])))):
            raise RequestRefused(SEEN_BY_OTHERS)
        request.credentials = credentials = read_credentials(request.scope["headers"], route.provider.type)
        request.identity = await self._identify(credentials.candidates)
        if credentials.byok:
            self._check_own_key(own_left=credentials.own_left)
        else:
            await self._check_central_key(route, request.identity)

    async def _identify(self, candidates: tuple[str, ...]) -> Identity:
        """The first valid token that opens the gateway counts.

        If there is none, a valid one's missing scope is told, else the first one's fault.
        """
        problem: AccessDenied | None = None
        for number, candidate in enumerate(candidates):
            try:
                return await self._identifier.identify(candidate, scope=Scope.GATEWAY)
            except ScopeMissing as lacking:
                problem = lacking
            except TokenInvalid as invalid:
                problem = problem if number else invalid
        raise problem or TokenMissing()

    def _check_own_key(self, *, own_left: bool) -> None:
        if not self._allow_byok:
            raise RequestRefused(
                "Bringing your own key is not allowed here. Ask an administrator about AIBRIDGE_ALLOW_BYOK.", status=403
            )
        if not own_left:
            raise TokenMissing("X-AIBridge-Token goes with your own provider credential, but none was sent. Add it.")

    async def _check_central_key(self, route: Route, identity: Identity) -> None:
        if not route.provider.has_key:
            raise TokenMissing(
                f"No key is configured for the provider {route.provider.name!r}. Ask an administrator to set it,"
                " or send your own key and put the aibridge token into X-AIBridge-Token."
            )
        if route.access is not Access.ANYONE and not await self._is_on_record(route, identity):
            raise RequestRefused("There is no such thing on record for you.", status=404)

    async def _is_on_record(self, route: Route, identity: Identity) -> bool:
        """A central key opens everybody's stored responses: only those on record for this user are shown."""
        if route.access is Access.OWN_KEY:
            return False
        return await self._owns_response(identity.user_id, route.path.split(b"/")[3].decode())
