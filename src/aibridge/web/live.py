"""What has just been recorded, for pages that are open: who hears of what."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec

from aibridge.store.announcing import Announcement


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the last news, of what one viewer may see."""

    requests: int | None
    """How many ended; None: unknown, look."""


class Subscription:
    """One open page. Collects what it has not been told yet."""

    def __init__(self, scope: UUID | None) -> None:
        """`scope`: the only initiator of interest, None for all."""
        self._scope = scope
        self._requests: int | None = 0
        self._doubtful = False
        self._said, self._ending = asyncio.Event(), asyncio.Event()

    @property
    def ended(self) -> bool:
        """The server stops: nothing more will come."""
        return self._ending.is_set()

    def hear(self, announcement: Announcement) -> None:
        """Take what concerns this page."""
        count = announcement.count(self._scope)
        if count != 0:
            self._requests = None if count is None or self._requests is None else self._requests + count
            self._said.set()

    def look(self) -> None:
        """Have something to say at once: what came before this page listened is not known here."""
        self._requests = None
        self._said.set()

    def doubt(self) -> None:
        """Rights changed somewhere: whether this page's person is still signed in has to be looked up."""
        self._doubtful = True
        self._said.set()

    def end(self) -> None:
        """Say that nothing more will come."""
        self._ending.set()
        self._said.set()

    async def wait(self, seconds: float) -> None:
        """Return when there is something to say. After so long there is a doubt: sign-ins also end by themselves."""
        if not await _within(seconds, self._said):
            self._doubtful = True

    async def rest(self, seconds: float) -> None:
        """Let some more come together, unless the server stops."""
        await _within(seconds, self._ending)

    def take(self) -> News | None:
        """What was collected; None: nothing."""
        requests, self._requests = self._requests, 0
        self._said.clear()
        return None if requests == 0 else News(requests=requests)

    def take_doubt(self) -> bool:
        """Whether there was a doubt."""
        doubtful, self._doubtful = self._doubtful, False
        return doubtful


class Live:
    """The open pages of this worker."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._ended = False

    def __len__(self) -> int:
        """How many pages listen."""
        return len(self._subscriptions)

    @contextmanager
    def subscribed(self, scope: UUID | None) -> Iterator[Subscription]:
        """Hear during the block of what this initiator does; None: of what everybody does."""
        subscription = Subscription(scope)
        if self._ended:
            subscription.end()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def hear(self, announcement: Announcement) -> None:
        """Tell every page that it concerns."""
        for subscription in self._subscriptions:
            subscription.hear(announcement)

    def doubt(self) -> None:
        """Somebody's rights changed: every page looks whether its person is still signed in."""
        for subscription in self._subscriptions:
            subscription.doubt()

    def end(self) -> None:
        """The server stops: open pages let go, so that nothing waits for them."""
        self._ended = True
        for subscription in self._subscriptions:
            subscription.end()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether it happens in this time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
