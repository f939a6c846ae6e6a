import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from aibridge.gateway.upstream import Proxies, UpstreamClient


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Everything here holds on uvloop, which production uses, and on asyncio's own loop."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient(proxies=Proxies()) as it:
        yield it
