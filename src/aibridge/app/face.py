"""The one door: which part of the program answers a path."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aibridge.gateway.asgi import Application, Receive, Scope, Send
from aibridge.gateway.routes import ROOTS
from aibridge.ops.health import Health, Readiness
from aibridge.ops.metrics import Metrics

RESERVED = frozenset(b"interceptions sessions models clients providers users usage search proxy keys".split())
"""Names under the data plane's root that belong to the JSON API; no provider may have them."""
API_ROOT = "/api/v2"

Answer = tuple[int, bytes, bytes]
"""Status, content type, body."""


class Face:
    """The ASGI application. The data plane comes first: it answers a thousand times more often than all others."""

    def __init__(
        self, *, gateway: Application, api: Application, health: Health, readiness: Readiness, metrics: Metrics
    ) -> None:
        self._gateway = gateway
        self._api = api
        self._health = health
        self._readiness = readiness
        self._metrics = metrics
        self._pages: dict[bytes, Callable[[], Awaitable[Answer]]] = {
            b"/healthz": self._healthz,
            b"/readyz": self._readyz,
            b"/metrics": self._metrics_page,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request to its part."""
        assert scope["type"] == "http"
        path = scope["raw_path"]
        part = self._part(path)
        if part is not None:
            await part(scope, receive, send)
            return
        page = self._pages.get(path)
        await _answer(send, await page() if page else (404, b"application/json", b'{"message":"There is nothing here."}'))

    def _part(self, path: bytes) -> Callable[[Any, Any, Any], Awaitable[None]] | None:
        for root in ROOTS:
            if path.startswith(root):
                name = path[len(root) :].partition(b"/")[0]
                return self._to_api if name in RESERVED else self._gateway
        return self._to_api if path.startswith(b"/api/") else None

    async def _to_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._api({**scope, "root_path": API_ROOT}, receive, send)

    async def _healthz(self) -> Answer:
        return _state(self._health.report())

    async def _readyz(self) -> Answer:
        return _state(await self._readiness.report())

    async def _metrics_page(self) -> Answer:
        await self._readiness.look()
        body, content_type = self._metrics.render()
        return 200, content_type.encode(), body


def _state(report: dict[str, object]) -> Answer:
    return 200 if report["status"] == "ok" else 503, b"application/json", json.dumps(report).encode()


async def _answer(send: Send, answer: Answer) -> None:
    status, content_type, body = answer
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
