"""A transport whose `close` after an early answer becomes a lingering one."""

import asyncio
from typing import Any, Protocol


class Lingers(Protocol):
    """The connection it is about."""

    @property
    def refuses_the_rest(self) -> bool:
        """Whether the answer is out while the client is still sending its request."""
        ...

    def linger(self) -> None:
        """Let the client finish sending, and read its answer, before the connection closes."""
        ...


class Lingering:
    """The transport as uvicorn sees it."""

    def __init__(self, transport: asyncio.Transport, protocol: Lingers) -> None:
        self._transport = transport
        self._protocol = protocol
        self.write = transport.write
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close, but not before the client could read an answer that came early."""
        if self._protocol.refuses_the_rest and not self._transport.is_closing():
            self._protocol.linger()
        else:
            self._transport.close()
