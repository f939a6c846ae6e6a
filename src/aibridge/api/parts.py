"""What the JSON API is made of; the composition root gives it in."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from aibridge.auth.identify import Identifier


class Records(Protocol):
    """The record as the API reads it; the store satisfies it by shape.

    Only the records of `viewer_initiator` count; None: everyone's. What is returned has the attributes of
    `shapes.Interception`. Both raise `StoreUnavailable`.
    """

    async def interceptions_page(
        self, viewer_initiator: UUID | None, *, limit: int, offset: int
    ) -> tuple[Sequence[object], int]:
        """Ended interceptions with their children, newest first, and the exact number of all of them."""
        ...

    async def interception(self, interception_id: UUID, viewer_initiator: UUID | None) -> object | None:
        """One ended interception with its children; None when there is none that the viewer may see."""
        ...


class ApiParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the routes use."""

    identifier: Identifier
    records: Records
    version: str
    """Shown in the OpenAPI description."""
