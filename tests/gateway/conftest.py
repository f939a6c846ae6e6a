"""One gateway for all tests of the data plane; each test is somebody new, and sees its own record alone.

Tests that use it run in the session's event loop: `pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
import uvloop

from support.postgres import fresh_database
from support.stage import Stage, open_stage


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], AbstractEventLoop]]:
    """The loop that serves in production: transports differ."""
    return {"uvloop": uvloop.new_event_loop}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(database_server: str, template: str) -> AsyncIterator[Stage]:
    """The gateway, as its owner."""
    async with fresh_database(database_server, template) as database, open_stage(database) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def stage(house: Stage) -> Stage:
    """The gateway, for a member who is new."""
    return await house.visited_by()
