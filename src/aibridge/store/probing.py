"""Whether the database answers now."""

from aibridge.store.connections import Dial, Lane

PROBE_TIMEOUT = 1.0
"""Seconds. A database that needs longer for nothing cannot keep the record's promise."""


class Probe:
    """Asks on a connection of its own: a busy pool is not an outage."""

    def __init__(self, dial: Dial) -> None:
        self._lane = Lane(dial, timeout=PROBE_TIMEOUT)

    async def __call__(self) -> None:
        """Return when it has answered. Raises `StoreUnavailable`; a connection may take longer to make."""
        await self._lane.fetchval("SELECT $1::int", 1)

    async def close(self) -> None:
        """End the connection."""
        await self._lane.close()
