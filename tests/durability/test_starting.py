"""The first start, the second, two at once, and one that cannot."""

import signal
import socket

import httpx
import pytest

from support.life.processes import Home, Served

pytestmark = pytest.mark.slow


async def healthy(served: Served) -> bool:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        return (await http.get(f"{served.url}/healthz")).status_code == 200


async def test_with_nothing_there_and_again(home: Home, upstream: str) -> None:
    """No settings and an empty home are enough; what was made then is found again."""
    for _ in range(2):
        served = await home.serving(upstream)
        assert await healthy(served)
        served.send(signal.SIGTERM)
        assert await served.ended() == 0
        await home.empty(within=10)
    first, second = ([line["event"] for line in served.said()] for served in home.served)
    assert "migrated the database" in first
    assert "migrated the database" not in second


async def test_two_share_one_postgresql(home: Home, upstream: str) -> None:
    """The last one out stops it."""
    one, other = await home.serving(upstream), await home.serving(upstream)
    shared = home.postmaster
    one.send(signal.SIGTERM)
    assert await one.ended() == 0
    assert home.postmaster == shared
    assert await healthy(other)
    other.send(signal.SIGTERM)
    assert await other.ended() == 0
    await home.empty(within=10)


async def test_a_taken_port(home: Home, upstream: str) -> None:
    """One sentence that names the setting; nothing was started for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        served = home.start(upstream, AIBRIDGE_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
        assert await served.ended() == 1
    (sentence,) = served.log.read_text().splitlines()
    assert "AIBRIDGE_LISTEN" in sentence
    await home.empty(within=10)
    assert home.postmaster is None
