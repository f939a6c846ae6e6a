"""How a report of telemetry gets to its receiver: by the client that carries requests to providers."""

import asyncio
from uuid import UUID

from aibridge import __version__
from aibridge.errors import UpstreamTimeout
from aibridge.gateway.upstream import Target, UpstreamClient
from aibridge.ops.telemetry import Deliver

DELIVERY_SECONDS = 15.0
"""For one report, from the connection to the status. It is a few kilobytes."""


def delivery_to(url: str, upstream: UpstreamClient) -> Deliver:
    """Return what posts a report to `url`. Redirects are not followed: the operator named the receiver."""
    target = Target.parse(url)

    async def deliver(report_id: UUID, body: bytes) -> int:
        try:
            async with asyncio.timeout(DELIVERY_SECONDS):
                reply = await upstream.send(
                    target, method=b"POST", path=target.base_path or b"/", headers=_headers(report_id), body=body
                )
        except TimeoutError:
            raise UpstreamTimeout("the receiver of telemetry did not answer in time") from None
        reply.close()
        return reply.status

    return deliver


def _headers(report_id: UUID) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"application/json"),
        (b"user-agent", b"aibridge/" + __version__.encode()),
        (b"idempotency-key", str(report_id).encode()),
    ]
