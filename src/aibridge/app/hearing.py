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
"""Is told what is said on its channel, and whether anything can be heard. It must not wait: others come after it."""


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
        """The open pages are told; whoever may have missed something is told to look."""
        if event is Hearing.CONNECTED:
            live.hear(TOO_MUCH)
        elif isinstance(event, str):
            live.hear(decoded(event))

    def of_prices(event: str | Hearing) -> None:
        """The house's own prices hold as soon as they are set, and what was missed as soon as it can be known."""
        if event is not Hearing.LOST:
            changed_prices()

    return {AUTH_CHANNEL: of_rights, RECORD_CHANNEL: of_the_record, PRICES_CHANNEL: of_prices}
