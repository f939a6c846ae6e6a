"""When each token was last used, and by which client: collected in memory, written every half minute.

Nobody waits for it and nothing depends on it: a process that is killed loses half a minute of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import msgspec

from aibridge.errors import StoreError

EVERY = 30.0
"""Seconds between writes."""


class TokenUse(msgspec.Struct, frozen=True, kw_only=True):
    """The latest use of one token."""

    token_id: str
    used_at: datetime
    client: str | None
    """The client's name as the dialects detect it; None when nobody said."""


Write = Callable[[Sequence[TokenUse]], Awaitable[None]]
"""Writes them in one statement. Raises `StoreError`."""


class LastUsed:
    """Collects uses of tokens; one entry per token, so it is bounded by the number of valid ones."""

    def __init__(self, write: Write, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._write = write
        self._now = now
        self._uses: dict[str, TokenUse] = {}

    def note(self, token_id: str, client: str | None = None) -> None:
        """A request of this token was let in. A use by nobody known keeps the client that was known."""
        if client is None and (before := self._uses.get(token_id)) is not None:
            client = before.client
        self._uses[token_id] = TokenUse(token_id=token_id, used_at=self._now(), client=client)

    async def flush(self) -> None:
        """Write what was collected; what the store does not take now is kept for the next time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            # In the order of the keys, so that two replicas never wait for each other's rows.
            await self._write([uses[token_id] for token_id in sorted(uses)])
        except BaseException as error:
            self._uses = uses | self._uses
            if not isinstance(error, StoreError):
                raise

    async def run(self, *, every: float = EVERY) -> None:
        """Flush for ever; run in a task group, and `flush` once more after cancelling."""
        while True:
            await asyncio.sleep(every)
            await self.flush()
