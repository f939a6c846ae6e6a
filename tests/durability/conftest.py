"""Real processes, each test's own. AIBRIDGE_TEST_ROUNDS says how often the random deaths come: 20 before a release."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.life.leftovers import swept
from support.life.processes import Home, provider

collect_ignore_glob = [] if sys.platform.startswith("linux") else ["test_*"]
"""The process table is read from /proc."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty home, of which no process survives the test."""
    with swept(tmp_path / "home") as it:
        yield it


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    """A provider in a process of its own; its answers pause for up to 40 ms, so that some are always under way."""
    async with provider(pause=0.02) as address:
        yield address


@pytest.fixture
def rounds() -> int:
    """How often something is killed."""
    return int(os.environ.get("AIBRIDGE_TEST_ROUNDS", "2"))
