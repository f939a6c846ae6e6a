"""The JSON API as one application, to be mounted at `/api/v2`."""

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aibridge.api import exports, interceptions, prices, searches, sessions, tokens, usage, users, values
from aibridge.api.caller import NEEDS_TOKEN
from aibridge.api.parameters import KNOWN_PARAMETERS
from aibridge.api.parts import ApiParts
from aibridge.api.problems import DOCUMENTED, SAFE_HEADERS, answer_problems
from aibridge.api.reference.description import INTRODUCTION, TAGS
from aibridge.api.reference.routes import serve_reference
from aibridge.exporting.download import HEAD_ASKED

ROOTS = ("/aibridge", "/ai-gateway")
"""The record's resources stand under both names; only the first is described."""


def create_api(parts: ApiParts) -> FastAPI:
    """Build the API of these parts. OpenAPI stands at `openapi.json` below the mount, its page at `docs`."""
    app = FastAPI(
        title="aibridge",
        version=parts.version,
        description=INTRODUCTION,
        openapi_tags=[*TAGS],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=DOCUMENTED,
        dependencies=NEEDS_TOKEN,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.parts = parts
    for root in ROOTS:
        for resource in (exports, interceptions, prices, searches, sessions, usage, values):
            app.include_router(
                resource.router, prefix=root, include_in_schema=root == ROOTS[0], dependencies=KNOWN_PARAMETERS
            )
    app.include_router(users.router, dependencies=KNOWN_PARAMETERS)
    app.include_router(tokens.router, dependencies=KNOWN_PARAMETERS)
    serve_reference(app)
    answer_problems(app)
    app.add_middleware(_SafeHeaders)
    app.add_middleware(_HeadAsGet)
    return app


class _SafeHeaders:
    """Puts the safe headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        await self._app(scope, receive, send_safely)


class _HeadAsGet:
    """Answers HEAD like GET (RFC 9110, 9.3.2); the server keeps the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", "extensions": {**scope.get("extensions", {}), HEAD_ASKED: {}}}
        await self._app(scope, receive, send)
