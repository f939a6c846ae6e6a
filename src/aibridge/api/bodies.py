"""Routes that read a body: never a stranger's, and never an endless one."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from aibridge.api.caller import caller_of, parts_of

MAX_BODY = 64 * 1024
"""Bytes. The longest account, every field at its limit and escaped, takes 20 KiB."""


class BodyRoute(APIRoute):
    """FastAPI reads and parses the body before it asks who calls; here the caller is known first."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # narrower
        """Wrap the handler that FastAPI makes."""
        handle = super().get_route_handler()

        async def careful(request: Request) -> Response:
            await caller_of(request, parts_of(request))
            return await handle(Request(request.scope, _bounded(request.receive)))

        return careful


def _bounded(receive: Receive) -> Receive:
    left = MAX_BODY

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return bounded
