"""One request on its way through the data plane, and what has become known of it."""

import time
from uuid import UUID

from aibridge.auth.credentials import CREDENTIAL_HEADERS, TOKEN_HEADERS, Credentials
from aibridge.auth.identify import Identity
from aibridge.gateway.asgi import Receive, Scope, Send
from aibridge.gateway.body import Held
from aibridge.gateway.headers import joined
from aibridge.gateway.refusals import Refusal, refuse
from aibridge.gateway.routes import Route
from aibridge.gateway.scope import CONNECTION
from aibridge.gateway.server import GatewayProtocol

ENCODING = b"content-encoding"
CREDENTIALS = frozenset((*CREDENTIAL_HEADERS, *TOKEN_HEADERS, b"proxy-authorization"))
"""Headers whose values are secrets whatever they look like."""
SECRET_FROM = 8
"""Bytes. Anything shorter is nobody's key, and may be a word of the message."""


class Request:
    """Route, identity and credentials are set by the admission, the rest as the request goes on."""

    __slots__ = (
        "arrived_at",
        "body",
        "connection",
        "credentials",
        "fields",
        "held",
        "identity",
        "interception_id",
        "receive",
        "route",
        "scope",
        "send",
    )

    route: Route
    identity: Identity
    credentials: Credentials
    held: Held

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.arrived_at = time.monotonic()
        self.scope = scope
        self.receive = receive
        self.send = send
        self.fields: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        """The request's headers by lower-case name; of repeated ones the first, but every content encoding."""
        if ENCODING in self.fields:
            self.fields[ENCODING] = joined(scope["headers"], ENCODING)
        self.connection: GatewayProtocol = scope["extensions"][CONNECTION]
        self.body: bytes | bytearray = b""
        self.interception_id: UUID | None = None

    def take_body(self) -> bytes | bytearray:
        """Give the body away: an answer may take many minutes, and 64 MiB must not wait for its end."""
        body, self.body = self.body, b""
        return body

    def secrets(self) -> list[str]:
        """Every credential that came with this request or goes on with it, so that nobody quotes one."""
        sent = [value for name, value in self.scope["headers"] if name in CREDENTIALS]
        sent.append(self.route.provider.credential[1])
        values = {*sent, *(value.partition(b" ")[2] for value in sent)}
        return [value.decode("latin-1") for value in sorted(values, key=len, reverse=True) if len(value) >= SECRET_FROM]

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with the gateway's own words."""
        interception_id = str(self.interception_id) if self.interception_id else None
        await refuse(self.send, self.route.shape, refusal, interception_id=interception_id)
