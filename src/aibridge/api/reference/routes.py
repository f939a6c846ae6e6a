"""Where the description is answered. It never changes while a process runs."""

import json
from functools import cache

from fastapi import FastAPI, Request, Response

from aibridge.api.reference.description import describe
from aibridge.api.reference.page import CONTENT_SECURITY_POLICY, page

MOUNTED_AT = "/api/v2"
"""Where the composition root mounts the API; the page's paths begin there."""


def serve_reference(app: FastAPI) -> None:
    """Add the description as `/openapi.json`, and the page of it as `/docs`."""

    @cache
    def description(root: str) -> bytes:
        return json.dumps({**describe(app), "servers": [{"url": root or "/"}]}, ensure_ascii=False).encode()

    @cache
    def reference() -> bytes:
        return page(describe(app), root=MOUNTED_AT).encode()

    async def openapi(request: Request) -> Response:
        return Response(description(request.scope.get("root_path", "")), media_type="application/json")

    async def docs(_request: Request) -> Response:
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}
        return Response(reference(), media_type="text/html", headers=headers)

    app.add_route("/openapi.json", openapi)
    app.add_route("/docs", docs)
