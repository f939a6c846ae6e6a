"""Asking a gateway, one request after the other, and how long its answers take."""

import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import msgspec

from bench.figures import percentile
from bench.gateway import Server

WARM_UP = 3
TIMEOUT = 60.0
"""Seconds."""
NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


class Took(msgspec.Struct, frozen=True):
    """Milliseconds from the question to the last byte of its answer."""

    p50: float
    p95: float


class Caller(msgspec.Struct, frozen=True):
    """Somebody on one connection that stays open."""

    connection: http.client.HTTPConnection
    headers: Mapping[str, str]

    def get(self, path: str, headers: Mapping[str, str] = NOTHING_MORE) -> bytes:
        """Ask for the body. Raises `OSError` for whatever is no answer of status 200."""
        self.connection.request("GET", path, headers={**self.headers, **headers})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            is_json = answer.headers.get_content_type() == "application/json"
            told = f": {body[:200].decode(errors='replace')}" if is_json else ""
            raise OSError(f"{path} was answered with {answer.status}{told}")
        return body


@contextmanager
def connected(gateway: Server, **headers: str) -> Iterator[Caller]:
    """A connection during the block; the headers say who asks."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=TIMEOUT)
    try:
        yield Caller(connection, headers)
    finally:
        connection.close()


def timed(ask: Callable[[], bytes], requests: int) -> tuple[bytes, Took]:
    """One of the answers, and how long so many of them took when the first few are left out."""
    answer, times = b"", list[float]()
    for _ in range(WARM_UP):
        answer = ask()
    for _ in range(requests):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return answer, Took(percentile(times, 50), percentile(times, 95))
