"""Who calls the JSON API: `Authorization: Bearer <aibridge token>` with the scope `api`."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from aibridge.api.parts import ApiParts
from aibridge.auth.identify import Identity
from aibridge.auth.roles import restricted_to
from aibridge.errors import TokenMissing
from aibridge.records import Scope

_documented = HTTPBearer(auto_error=False, description="An aibridge token with the scope `api`.")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A person at the API."""

    identity: Identity

    @property
    def viewer(self) -> UUID | None:
        """The only initiator whose records this person may read; None: all."""
        return restricted_to(self.identity.role, self.identity.user_id)


def parts_of(request: Request) -> ApiParts:
    """The parts that the composition root gave to this application."""
    parts: ApiParts = request.app.state.parts
    return parts


Parts = Annotated[ApiParts, Depends(parts_of)]


async def caller_of(request: Request, parts: Parts) -> Caller:
    """The person whose token the request bears. Raises `AccessDenied`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing("No aibridge token was sent. Send one as `Authorization: Bearer`.")
    identity = await parts.identifier.identify(token.strip(), scope=Scope.API)
    parts.last_used.note(identity.token_id)
    return Caller(identity=identity)


CallerOf = Annotated[Caller, Depends(caller_of)]
"""Parameter of every route: without a good token the route is never entered."""

NEEDS_TOKEN = [Depends(_documented)]
"""Puts the scheme into the OpenAPI description."""
