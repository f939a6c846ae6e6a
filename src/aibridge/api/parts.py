"""What the JSON API is made of; the composition root gives it in."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from aibridge.auth.identify import Identifier
from aibridge.auth.last_used import LastUsed
from aibridge.auth.passwords import PasswordDesk
from aibridge.filters import Filter
from aibridge.store.exports import Exports
from aibridge.store.matches import ReadMatches
from aibridge.store.people import People
from aibridge.store.prices import Prices
from aibridge.store.usage import ReadUsage, UsageAsked
from aibridge.texts import Text

Row = Any
"""A struct with the attributes of the shape that its method names."""


class Records(Protocol):
    """The record as the API reads it; the store satisfies it by shape.

    Only the records of `viewer` count; None: everyone's. What is in flight shows nowhere. Every total is exact, and
    taken in the same snapshot as its page. All of them raise `StoreUnavailable`.
    """

    async def interceptions_page(
        self, viewer: UUID | None, filter_: Filter, *, limit: int, offset: int = 0, after: UUID | None = None
    ) -> tuple[Sequence[Row], int]:
        """Rows of `shapes.Interception` with their children, newest first, behind `after`; and how many match.

        Raises `CursorUnknown`.
        """
        ...

    async def interception(self, interception_id: UUID, viewer: UUID | None) -> Row | None:
        """One row of `shapes.Interception`; None when there is none that the viewer may see."""
        ...

    async def sessions_page(
        self,
        viewer: UUID | None,
        filter_: Filter,
        *,
        limit: int,
        offset: int = 0,
        after_session: str | None = None,
        after_initiator: UUID | None = None,
    ) -> tuple[Sequence[Row], int]:
        """Rows of `shapes.Session`, last active first, behind the cursor; and how many match.

        Raises `CursorUnknown`, and `CursorAmbiguous` when several people whom the viewer may read have a session of
        that id and `after_initiator` does not say which.
        """
        ...

    async def session(
        self,
        session_id: str,
        viewer: UUID | None,
        *,
        initiator: UUID | None = None,
        limit: int,
        after: UUID | None = None,
        before: UUID | None = None,
    ) -> Row | None:
        """A row of `shapes.SessionDetail` with one page of threads; None when there is none that the viewer may see.

        Without `initiator`, the newest-active session of that id. `after` and `before` are ids of interceptions of the
        session. Raises `CursorUnknown`, whose message says what is wrong with the cursor.
        """
        ...

    async def usage(self, viewer: UUID | None, asked: UsageAsked) -> ReadUsage:
        """What was asked for and spent in a time."""
        ...

    async def search(
        self, viewer: UUID | None, filter_: Filter, *, limit: int, offset: int = 0, after: UUID | None = None
    ) -> ReadMatches:
        """What holds the texts of the filter, with excerpts, newest first, behind `after`.

        The filter has texts. Raises `CursorUnknown`.
        """
        ...

    async def search_session(
        self,
        viewer: UUID | None,
        session_id: str,
        initiator: UUID | None,
        text: Sequence[Text],
        *,
        limit: int,
        after: UUID | None = None,
    ) -> ReadMatches | None:
        """The steps of a session that hold all of `text`, oldest first, behind `after`, which is one of them.

        None when there is no such session that the viewer may see. Raises `CursorUnknown`.
        """
        ...

    async def models(
        self, viewer: UUID | None, prefix: str, *, limit: int, offset: int, unpriced: bool = False
    ) -> Sequence[str]:
        """The distinct models of ended interceptions that begin with `prefix`, ascending by code points.

        `unpriced`: only those with token usage for which nobody has said a price.
        """
        ...

    async def clients(self, viewer: UUID | None, prefix: str, *, limit: int, offset: int) -> Sequence[str]:
        """The same for clients."""
        ...

    async def providers(self, viewer: UUID | None, prefix: str, *, limit: int, offset: int) -> Sequence[str]:
        """The same for provider names (configured instances)."""
        ...


class ApiParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the routes use."""

    identifier: Identifier
    last_used: LastUsed
    """Told of every request that a token lets in."""
    people: People
    prices: Prices
    passwords: PasswordDesk
    records: Records
    exports: Exports
    version: str
    """Shown in the OpenAPI description."""
