"""One request on its way through the data plane, and what has become known of it."""

import re
import time
from typing import Any
from uuid import UUID, uuid4

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
REQUEST_ID = b"x-request-id"
WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")
"""An id that a client gave its request and that lines of the log may be found by. Nothing else is believed of it."""
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
        "request_id",
        "route",
        "scope",
        "send",
        "status",
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
        self.request_id = ""
        self.status: int | None = None
        """What was answered; known where `noting_status` was called."""

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

    def told(self) -> dict[str, Any]:
        """What a line of the log says of this request: so far as it is known, and made only where a line is written."""
        about: dict[str, Any] = {"request_id": self._id(), "method": self.scope["method"]}
        if self.interception_id is not None:
            about["interception_id"] = str(self.interception_id)
        if (identity := getattr(self, "identity", None)) is not None:
            about["initiator"] = identity.username
        if (route := getattr(self, "route", None)) is not None:
            about |= {"provider_name": route.provider.name, "route": route.pattern}
        return about

    def _id(self) -> str:
        """The client's own if that is one, else that of the interception, else a new one; the same every time."""
        if not self.request_id:
            theirs = self.fields.get(REQUEST_ID, b"")
            ours = self.interception_id or uuid4()
            self.request_id = theirs.decode() if WELL_FORMED.fullmatch(theirs) else str(ours)
        return self.request_id

    def noting_status(self) -> None:
        """From now on `status` is kept."""
        send = self.send

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await send(message)

        self.send = noting

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with the gateway's own words."""
        interception_id = str(self.interception_id) if self.interception_id else None
        await refuse(self.send, self.route.shape, refusal, interception_id=interception_id)
