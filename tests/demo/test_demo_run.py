"""`aibridge demo` as a whole, with a gateway that passes everything on to the provider unchanged."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from aibridge.demo.people import Person
from aibridge.demo.run import run, welcome


class Straight:
    """A gateway that is no more than the provider's own address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.people: list[str] = []
        self.opened = self.closed = False

    async def enrol(self, person: Person) -> str:
        self.people.append(person.username)
        return f"aib_{person.username}_secret"

    async def link(self, person: Person) -> str:
        return f"{self.address}/signin?token={person.username}"

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        self.opened = True
        yield


async def test_the_demo_runs_until_it_is_cancelled() -> None:
    """Accounts first, then the welcome, then people at work; the gateway is closed at the end."""
    gateways: list[Straight] = []
    lines: list[str] = []
    busy = asyncio.Event()

    @contextlib.asynccontextmanager
    async def start(provider: str) -> AsyncIterator[Straight]:
        gateway = Straight(provider)
        gateways.append(gateway)
        try:
            yield gateway
        finally:
            gateway.closed = True

    def say(line: str) -> None:
        assert gateways[0].opened is bool(lines), "what to open is said before anything answers"
        lines.append(line)
        if len(lines) > 10:
            busy.set()

    demo = asyncio.get_running_loop().create_task(run(start, say=say))
    await asyncio.wait_for(busy.wait(), 30)
    demo.cancel()
    with pytest.raises(asyncio.CancelledError):
        await demo
    (gateway,) = gateways
    assert gateway.closed
    assert len(gateway.people) == 9
    assert "aib_maren_secret" in lines[0]
    assert any(" · " in line for line in lines[1:])


def test_the_welcome_says_what_to_try() -> None:
    """Lines to copy: reading the record, and Claude Code."""
    text = welcome("http://127.0.0.1:4180", "aib_x_y", "http://127.0.0.1:4180/signin?token=z")
    assert "\nhttp://127.0.0.1:4180/signin?token=z\n" in text
    curl = 'curl -H "Authorization: Bearer aib_x_y" "http://127.0.0.1:4180/api/v2/aibridge/interceptions?limit=3"'
    assert f"\n  {curl}\n" in text
    assert "\n  export ANTHROPIC_BASE_URL=http://127.0.0.1:4180/api/v2/aibridge/anthropic\n" in text
    assert "\n  export ANTHROPIC_AUTH_TOKEN=aib_x_y\n" in text


def test_the_welcome_says_that_everything_is_invented() -> None:
    """Nobody shall take the figures for their own."""
    assert "invented" in welcome("http://127.0.0.1:4180", "aib_x_y", "link").splitlines()[0]
