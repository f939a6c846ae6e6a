"""What a worker hears of the others, all of it on one connection."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from aibridge.auth.identify import Identifier
from aibridge.store.announcing import RECORD_CHANNEL, TOO_MUCH, decoded
from aibridge.store.listening import Hearing, listen
from aibridge.store.people import AUTH_CHANNEL
from aibridge.store.prices import PRICES_CHANNEL
from aibridge.web.live import Live

Ear: TypeAlias = Callable[[str | Hearing], None]
"""Gets the messages of its channel, and whether the connection is up. It must not wait: others come after it."""


async def hear(dsn: str, ears: Mapping[str, Ear]) -> None:
    """Listen for ever, for an ear to each channel."""
    async for event in listen(dsn, *ears):
        if isinstance(event, Hearing):
            for ear in ears.values():
                ear(event)
        else:
            ears[event.channel](event.payload)


def ears_of(identifier: Identifier, live: Live, changed_prices: Callable[[], None]) -> Mapping[str, Ear]:
    """What each channel is listened to for."""

    def of_rights(event: str | Hearing) -> None:
        """Changes of users and tokens take effect at once, also on pages that are open."""
        live.doubt()
        if isinstance(event, Hearing):
            identifier.listening(heard=event is Hearing.CONNECTED)
        else:
            identifier.forget()

    def of_the_record(event: str | Hearing) -> None:
        """Tells open pages what was recorded, or to look again when messages may have been missed."""
        if event is Hearing.CONNECTED:
            live.hear(TOO_MUCH)
        elif isinstance(event, str):
            live.hear(decoded(event))

    def of_prices(event: str | Hearing) -> None:
        """Applies the deployment's own prices as soon as they change, or as soon as the connection is back."""
        if event is not Hearing.LOST:
            changed_prices()

    return {AUTH_CHANNEL: of_rights, RECORD_CHANNEL: of_the_record, PRICES_CHANNEL: of_prices}
