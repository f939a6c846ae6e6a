"""Every error in one shape: `{message, detail?, validations?}`. Nothing of the inside is told."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from aibridge.api.shapes import Problem, Validation
from aibridge.errors import (
    AccessDenied,
    AlreadyExists,
    LastOwner,
    NotAllowed,
    NotFound,
    ScopeMissing,
    StoreError,
    StoreUnavailable,
    UserDeleted,
    UserInactive,
)

SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""On every answer: records of people's work belong in no cache."""

_log = structlog.get_logger("aibridge.api")
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
_FORBIDDEN = (NotAllowed, ScopeMissing, UserInactive)


class Invalid(Exception):
    """A parameter is wrong: 400 with a message of its own."""

    def __init__(
        self,
        message: str,
        *,
        detail: str | None = None,
        field: str | None = None,
        validations: Sequence[Validation] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.validations = [Validation(field=field, detail=detail or message)] if field else list(validations)


class Missing(NotFound):
    """There is no such thing, or the caller may not see it; the message names what."""


def problem(
    status: int,
    message: str,
    *,
    detail: str | None = None,
    validations: Sequence[Validation] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error as a response."""
    body = Problem(message=message, detail=detail, validations=list(validations) or None)
    return Response(
        body.model_dump_json(exclude_none=True),
        status_code=status,
        media_type="application/json",
        headers={**SAFE_HEADERS, **(headers or {})},
    )


def _answer_wrong_values(app: FastAPI) -> None:
    @app.exception_handler(Invalid)
    async def invalid(_request: Request, error: Invalid) -> Response:
        return problem(HTTPStatus.BAD_REQUEST, error.message, detail=error.detail, validations=error.validations)

    @app.exception_handler(RequestValidationError)
    async def refused(_request: Request, error: RequestValidationError) -> Response:
        validations = [_validation(each) for each in error.errors()]
        return problem(HTTPStatus.BAD_REQUEST, "The request has invalid values.", validations=validations)


def answer_problems(app: FastAPI) -> None:
    """Give the application its answer to everything that can go wrong."""
    _answer_wrong_values(app)

    @app.exception_handler(AccessDenied)
    async def denied(_request: Request, error: AccessDenied) -> Response:
        if isinstance(error, _FORBIDDEN):
            return problem(HTTPStatus.FORBIDDEN, str(error))
        return problem(HTTPStatus.UNAUTHORIZED, str(error), headers={"WWW-Authenticate": "Bearer"})

    @app.exception_handler(StoreUnavailable)
    async def unavailable(_request: Request, error: StoreUnavailable) -> Response:
        _log.warning("the record cannot be read", error=str(error))
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The record cannot be read right now.",
            detail="The database cannot be reached. Try again in a moment.",
            headers={"Retry-After": "1"},
        )

    @app.exception_handler(NotFound)
    async def not_found(_request: Request, error: NotFound) -> Response:
        return problem(HTTPStatus.NOT_FOUND, str(error if isinstance(error, Missing) else NotFound()))

    @app.exception_handler(AlreadyExists)
    @app.exception_handler(LastOwner)
    @app.exception_handler(UserDeleted)
    async def conflict(_request: Request, error: StoreError) -> Response:
        return problem(HTTPStatus.CONFLICT, str(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        message = f"{status.phrase}: {request.method} {request.url.path}"
        headers = {"Allow": _allowed(request)} if status is HTTPStatus.METHOD_NOT_ALLOWED else error.headers
        return problem(status, message, headers=headers)

    @app.exception_handler(Exception)
    async def broken(_request: Request, _error: Exception) -> Response:
        # Starlette raises it once more behind this answer, so that the server logs it with its traceback.
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error.", detail="The log of the server says more.")


def _allowed(request: Request) -> str:
    """The methods of all routes of this path; a router knows only those of the first."""
    routes = request.app.router.routes
    asked = [(method, {**request.scope, "method": method}) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")]
    found = [method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]
    return ", ".join([*(["HEAD"] if "GET" in found else []), *found])


def _validation(error: Mapping[str, Any]) -> Validation:
    """Name the field by its path: `scopes.0`."""
    where, *path = error["loc"]
    unread = error["type"] == "json_invalid"
    field = where if unread or not path else ".".join(map(str, path))
    detail = "There is no such field." if error["type"] == "extra_forbidden" else _in_words(error["msg"])
    return Validation(field=str(field), detail=detail)


def _in_words(message: str) -> str:
    """What pydantic says without what is Python's: `<Role.OWNER: 'owner'>`, or `Value error, ` before words of ours."""
    return _MEMBER.sub(r"\1", message.removeprefix("Value error, "))


DOCUMENTED: dict[int | str, dict[str, object]] = {
    **{
        status: {"model": Problem, "description": status.phrase}
        for status in (
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.SERVICE_UNAVAILABLE,
        )
    },
    "default": {"model": Problem, "description": "Any other error"},
}
"""What every route may answer besides its own shape; with a default, FastAPI does not promise a 422."""
