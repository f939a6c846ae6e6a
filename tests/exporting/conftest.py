"""Sessions to export, with everything in them that somebody hostile could put there."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from aibridge.exporting.download import Export
from aibridge.exporting.sessions import SessionFormat, session_export
from aibridge.store.pool import Store

NOW = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)

Exported = Callable[..., Awaitable[str]]


async def taken(export: Export | None) -> str:
    """All of it, as text."""
    assert export is not None
    return b"".join([chunk async for chunk in export.chunks]).decode()


@pytest.fixture
def exported(store: Store) -> Exported:
    """Export a session: `await exported("s", SessionFormat.JSON)`."""

    async def exported(
        session_id: str, format_: SessionFormat = SessionFormat.MARKDOWN, viewer: UUID | None = None
    ) -> str:
        return await taken(await session_export(store.exports, session_id, viewer, format_=format_, now=NOW))

    return exported
