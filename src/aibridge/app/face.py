"""The entry point of every request: decides by path which part of the program answers."""

import json
from collections.abc import Awaitable, Callable

from aibridge.config.values import RESERVED_NAMES
from aibridge.gateway.asgi import Application, Receive, Scope, Send
from aibridge.gateway.routes import ROOTS
from aibridge.ops.health import Health, Readiness
from aibridge.ops.metrics import Metrics

RESERVED = frozenset(name.encode() for name in RESERVED_NAMES)
"""Names under the data plane's root that belong to the JSON API, as they stand in a path."""
API_ROOT = "/api/v2"
EXPERIMENTAL_ROOT = "/api/experimental"
"""Where Coder's AI Bridge first had the record: programs written for it still look there."""

_EXPERIMENTAL = f"{EXPERIMENTAL_ROOT}/aibridge/".encode()
_DOCS = b"/api/docs"

Answer = tuple[int, bytes, bytes]
"""Status, content type, body."""
_READ_ONLY: Answer = (405, b"application/json", b'{"message":"Method Not Allowed: this path is read-only."}')


class Face:
    """The ASGI application. The data plane comes first: it answers a thousand times more often than all others."""

    def __init__(
        self,
        *,
        gateway: Application,
        api: Application,
        web: Application,
        health: Health,
        readiness: Readiness,
        metrics: Metrics,
    ) -> None:
        self._gateway = gateway
        self._api = api
        self._web = web
        self._health = health
        self._readiness = readiness
        self._metrics = metrics
        self._pages: dict[bytes, Callable[[], Awaitable[Answer]]] = {
            b"/healthz": self._healthz,
            b"/readyz": self._readyz,
            b"/metrics": self._metrics_page,
        }

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hand one request to its part. No coroutine of its own: the data plane's would be wrapped in one more."""
        assert scope["type"] == "http"
        path = scope["raw_path"]
        for root in ROOTS:
            if path.startswith(root):
                if path[len(root) :].partition(b"/")[0] not in RESERVED:
                    return self._gateway(scope, receive, send)
                break
        return self._to_others(path, scope, receive, send)

    async def _to_others(self, path: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        if path.startswith(b"/api/"):
            return await self._to_api(path, scope, receive, send)
        page = self._pages.get(path)
        if page is not None:
            return await _answer(send, await page())
        return await self._web(scope, receive, send)

    async def _to_api(self, path: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        root = API_ROOT
        if path.startswith(_EXPERIMENTAL):
            if scope["method"] not in {"GET", "HEAD"}:
                return await _answer(send, _READ_ONLY, (b"allow", b"GET, HEAD"))
            root = EXPERIMENTAL_ROOT
        elif path == _DOCS:
            root = "/api"
        return await self._api({**scope, "root_path": root}, receive, send)

    async def _healthz(self) -> Answer:
        return _state(self._health.report())

    async def _readyz(self) -> Answer:
        return _state(await self._readiness.report())

    async def _metrics_page(self) -> Answer:
        await self._readiness.look()
        body, content_type = await self._metrics.page()
        return 200, content_type.encode(), body


def _state(report: dict[str, object]) -> Answer:
    return 200 if report["status"] == "ok" else 503, b"application/json", json.dumps(report).encode()


async def _answer(send: Send, answer: Answer, *more: tuple[bytes, bytes]) -> None:
    status, content_type, body = answer
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
