"""Connects a socket to the first address of a host that answers (RFC 8305).

uvloop's `create_connection` tries addresses one after the other, so that one dead IPv6 route costs the whole timeout.
"""

import asyncio
import socket
from collections.abc import Sequence
from itertools import chain, zip_longest

HEAD_START = 0.25
"""Seconds before the next address is tried beside one that has not answered (RFC 8305 §8)."""

KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""A peer that vanished is noticed after two minutes: idle NAT entries are dropped after as little as that."""

Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""One entry of `getaddrinfo`."""


async def connect_socket(host: str, port: int) -> socket.socket:
    """Return a connected, non-blocking socket; raises `OSError` (`socket.gaierror` when the name is unknown)."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = interleave(found)
    return await _attempt(addresses[0]) if len(addresses) == 1 else await _Race(addresses).run()


def interleave(found: Sequence[Address]) -> list[Address]:
    """Alternate the address families, beginning with the one the resolver prefers (RFC 8305 §4)."""
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    preferred = [one for one in found if one[0] == found[0][0]]
    others = [one for one in found if one[0] != found[0][0]]
    return [one for one in chain.from_iterable(zip_longest(preferred, others)) if one is not None]


class _Race:
    """Attempts that overlap; the first socket wins and the others are closed."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._won: socket.socket | None = None
        self._errors: list[OSError] = []

    async def run(self) -> socket.socket:
        try:
            async with asyncio.TaskGroup() as group:
                runners: list[asyncio.Task[None]] = []
                for address in self._addresses:
                    runners.append(group.create_task(self._run(address, runners)))
                    await asyncio.wait(runners[-1:], timeout=HEAD_START)
                    if self._won is not None:
                        break
        except BaseException:
            if self._won is not None:
                self._won.close()
            raise
        if self._won is None:
            raise self._errors[0]
        return self._won

    async def _run(self, address: Address, runners: "list[asyncio.Task[None]]") -> None:
        try:
            sock = await _attempt(address)
        except OSError as error:
            self._errors.append(error)
            return
        if self._won is not None:
            sock.close()
            return
        self._won = sock
        for runner in runners:
            if runner is not asyncio.current_task():
                runner.cancel()


async def _attempt(address: Address) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEP_ALIVE:
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock
