"""The gateway's own answers, in the shape that the provider's clients understand."""

from collections.abc import Mapping

import msgspec

from aibridge.dialects.dialect import Dialect
from aibridge.errors import (
    AccessDenied,
    RequestRefused,
    StoreError,
    TokenInvalid,
    TokenMissing,
    UpstreamError,
    UpstreamTimeout,
)
from aibridge.gateway.asgi import Send
from aibridge.gateway.headers import INTERCEPTION_ID
from aibridge.ops.metrics import Refusal as Reason

NOT_RETRYABLE = frozenset((400, 401, 403, 404, 413, 415, 426, 501))
"""`x-should-retry: false` stops the SDKs and Claude Code at once; without it a 401 is tried for over a minute."""
REASONS = {
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    404: Reason.ROUTE,
    408: Reason.SLOW,
    413: Reason.TOO_LARGE,
    426: Reason.ROUTE,
    503: Reason.BUSY,
}
"""How the gateway's own statuses are counted; all others are faults of the request."""
SMALL_BODY = 256 * 1024
"""Bytes of a refused body that are cheaper to read away than a new connection."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the gateway's own."""

    status: int
    message: str
    close: bool = False
    """End the connection: the rest of the request is not read."""

    @property
    def reason(self) -> Reason:
        """What it is counted as."""
        return REASONS.get(self.status, Reason.REQUEST)


STOPPED = Refusal(status=503, message="The gateway was stopped before the answer had begun. Try again.", close=True)


def upstream_refusal(problem: UpstreamError) -> Refusal:
    """Return what a client is told when the provider gave no answer."""
    return Refusal(status=504 if isinstance(problem, UpstreamTimeout) else 502, message=str(problem))


def refusal_of(problem: RequestRefused | AccessDenied | StoreError) -> Refusal:
    """Return what a client is told when its request is not carried."""
    if isinstance(problem, RequestRefused):
        return Refusal(status=problem.status, message=str(problem), close=problem.status in {408, 413, 503})
    if isinstance(problem, AccessDenied):
        status = 401 if isinstance(problem, TokenMissing | TokenInvalid) else 403
        return Refusal(status=status, message=str(problem))
    return Refusal(status=503, message="aibridge cannot reach its database. Try again soon.")


async def refuse(send: Send, shape: Dialect, refusal: Refusal, *, interception_id: str | None = None) -> None:
    """Send a refusal."""
    body = shape.error_body(status=refusal.status, message=refusal.message)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refusal.status in NOT_RETRYABLE:
        headers.append((b"x-should-retry", b"false"))
    if refusal.status == 503:  # noqa: PLR2004
        headers.append((b"retry-after", b"1"))
    if refusal.close:
        headers.append((b"connection", b"close"))
    if interception_id is not None:
        headers.append((INTERCEPTION_ID, interception_id.encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def closing(fields: Mapping[bytes, bytes], refusal: Refusal, *, whole: bool) -> Refusal:
    """A refusal ends the connection, unless the body arrived (`whole`) or what remains of it is small and certain.

    A client that asked whether to go on (`Expect`) may send its body or, as likely, the next request in its place.
    """
    small = int(fields.get(b"content-length", b"0")) <= SMALL_BODY and b"transfer-encoding" not in fields
    if whole or (small and b"expect" not in fields):
        return refusal
    return msgspec.structs.replace(refusal, close=True)
