"""Follows announcements about users and tokens, so that a revocation takes effect everywhere at once."""

from collections.abc import AsyncIterable
from typing import assert_never

from aibridge.auth.identify import Identifier
from aibridge.store.listening import Hearing


async def follow_changes(identifier: Identifier, announcements: AsyncIterable[str | Hearing]) -> None:
    """Run for ever beside the requests: `follow_changes(identifier, listen(dsn, AUTH_CHANNEL))`.

    Whatever changed, everything is forgotten: changes are rare, and one look-up per token costs what the end of its
    few seconds would have cost anyway. However this ends, the identifier is left deaf, which is the careful state.
    """
    try:
        async for announcement in announcements:
            match announcement:
                case Hearing.CONNECTED:
                    identifier.listening(heard=True)
                case Hearing.LOST:
                    identifier.listening(heard=False)
                case str():
                    identifier.forget()
                case _:
                    assert_never(announcement)
    finally:
        identifier.listening(heard=False)
