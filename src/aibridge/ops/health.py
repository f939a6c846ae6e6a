"""Whether this process lives (`/healthz`), and whether it can do its work now (`/readyz`)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from aibridge.errors import StoreError

PROBE_SECONDS = 1.0
"""How long the database may take to answer, a connection included."""
FRESH_SECONDS = 1.0
"""How long an answer is believed: whoever asks more often costs the database nothing."""
AWAY = "the database cannot be reached"


class Health:
    """Alive when every named part is up and nobody is shutting down.

    Parts are named at the start (`store`, `recorder`, …), so that one which never reports keeps the process unready.
    """

    def __init__(self, parts: Iterable[str] = ()) -> None:
        self._down: dict[str, str] = dict.fromkeys(parts, "starting")
        self._draining = False

    def up(self, part: str) -> None:
        """This part works."""
        self._down.pop(part, None)

    def down(self, part: str, reason: str) -> None:
        """This part does not work; the reason is for people and must hold no secrets."""
        self._down[part] = reason

    def drain(self) -> None:
        """Shutdown began: running streams go on, new requests belong elsewhere."""
        self._draining = True

    @property
    def draining(self) -> bool:
        """Shutdown began."""
        return self._draining

    @property
    def ready(self) -> bool:
        """Requests can be served."""
        return not self._down and not self._draining

    def report(self, more: dict[str, str] | None = None) -> dict[str, object]:
        """`{"status": "ok" | "unready" | "draining", "down": {part: reason}}`; `more` are down too."""
        down = {**self._down, **(more or {})}
        if self._draining:
            return {"status": "draining", "down": down}
        return {"status": "unready" if down else "ok", "down": down}


class Readiness:
    """Health, and whether the database answers now. `told` hears of every look at it."""

    def __init__(
        self,
        health: Health,
        probe: Callable[[], Awaitable[None]],
        *,
        told: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._health = health
        self._probe = probe
        self._told = told
        self._clock = clock
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._reachable = False

    async def look(self) -> bool:
        """Whether the database answers; asks it unless that was done within the last second."""
        async with self._looking:  # whoever comes meanwhile shares the answer
            if self._clock() - self._looked_at >= FRESH_SECONDS:
                self._reachable = await self._reaches()
                self._looked_at = self._clock()
                self._told(self._reachable)
            return self._reachable

    async def report(self) -> dict[str, object]:
        """What `/readyz` answers, shaped as `Health.report`; ready when its status is `ok`."""
        return self._health.report({} if await self.look() else {"store": AWAY})

    async def _reaches(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._probe()
        except (StoreError, TimeoutError):
            return False
        return True
