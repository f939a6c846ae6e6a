"""Sends requests and hands back answers. One per worker and event loop."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

from aibridge.errors import UpstreamUnreachable
from aibridge.gateway.upstream.connection import Connection, IdleClosed
from aibridge.gateway.upstream.dial import default_tls, dial
from aibridge.gateway.upstream.head import Headers, checked_path
from aibridge.gateway.upstream.pool import Pool
from aibridge.gateway.upstream.proxy import Proxies, Proxy
from aibridge.gateway.upstream.reply import Reply
from aibridge.gateway.upstream.request import Buffer, Request
from aibridge.gateway.upstream.target import Target
from aibridge.gateway.upstream.timeouts import Timeouts

MAX_IDLE = 64
"""Idle connections per target: more than one worker's usual concurrency."""

IDLE_SECONDS = 50.0
"""Below the keep-alive time of common front ends (AWS ALB 60 s, nginx 75 s)."""


class UpstreamClient:
    """`async with UpstreamClient(proxies=...) as client: reply = await client.send(target, ...)`."""

    def __init__(
        self,
        *,
        proxies: Proxies,
        timeouts: Timeouts | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_idle_per_target: int = MAX_IDLE,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """`ssl_context` replaces the verifying default as it is; nothing is set on it."""
        self._proxies = proxies
        self._timeouts = timeouts or Timeouts()
        self._tls = ssl_context or default_tls()
        self._max_idle = max_idle_per_target
        self._idle_seconds = idle_seconds
        self._selected: dict[str, Proxy | None] = {}
        self._pool: Pool | None = None

    async def __aenter__(self) -> Self:
        self._pool = Pool(
            asyncio.get_running_loop(),
            max_idle_per_target=self._max_idle,
            idle_seconds=self._idle_seconds,
            tick=self._timeouts.tick,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection; requests under way fail with `UpstreamCut`."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def send(self, target: Target, *, method: bytes, path: bytes, headers: Headers, body: Buffer) -> Reply:
        """Send a request and return its answer when the final head has arrived; interim answers are skipped.

        `path` is the whole origin form with the target's base path and the query. `headers` are end-to-end headers,
        written verbatim; Host and Content-Length are added. The body is let go of once it was written and cannot be
        needed again, or the answer began.

        Raises `RequestUnwritable` (nothing was sent), `UpstreamUnreachable` (nothing was sent), `UpstreamTimeout`,
        `UpstreamProtocolError`, `UpstreamCut`. Cancelling it closes the connection.
        """
        pool = self._pool
        if pool is None:
            raise UpstreamUnreachable("the gateway is shutting down")
        request = self._request(target, method, checked_path(method, path), headers, body)
        del body
        connection = pool.take(target.origin)
        if connection is not None:
            try:
                return Reply(connection, await connection.exchange(request), retried=False)
            except IdleClosed:
                if not request.rewind():
                    raise
        retried = connection is not None
        connection = await self._connect(target, pool)
        return Reply(connection, await connection.exchange(request), retried=retried)

    def _request(self, target: Target, method: bytes, path: bytes, headers: Headers, body: Buffer) -> Request:
        proxy = self._proxy(target)
        if proxy is None or target.tls:
            return Request(method=method, uri=path, host=target.host_header, headers=headers, body=body)
        if proxy.authorization is not None:
            headers = [*headers, (b"Proxy-Authorization", proxy.authorization)]
        uri = b"http://" + target.host_header + path
        return Request(method=method, uri=uri, host=target.host_header, headers=headers, body=body)

    def _proxy(self, target: Target) -> Proxy | None:
        try:
            return self._selected[target.origin]
        except KeyError:
            return self._selected.setdefault(target.origin, self._proxies.select(target))

    async def _connect(self, target: Target, pool: Pool) -> Connection:
        loop = asyncio.get_running_loop()

        def make() -> Connection:
            return Connection(pool, target.origin, self._timeouts, loop)

        return await dial(target, self._proxy(target), self._tls, make, within=self._timeouts.connect)
