"""What the bench's own tests share."""

from datetime import UTC, datetime

import pytest
from bench.machine import Machine
from bench.record import Facts, Values
from bench.report import Report


@pytest.fixture
def report() -> Report:
    """A report of nothing yet."""
    machine = Machine(
        taken_at="today",
        commit="0123456789",
        processor="a processor",
        cores=2,
        memory_gib=4,
        python="CPython 3.11",
        load_before=0.1,
    )
    return Report(machine=machine, seconds=1, repetitions=1, server="PostgreSQL 18")


@pytest.fixture
def facts() -> Facts:
    """What is in a record that nobody made."""
    return Facts(
        interceptions=2_000_000,
        sessions=320_000,
        owner="ada",
        busiest="bob",
        median="eve",
        newest=datetime(2026, 11, 20, 12, tzinfo=UTC),
        model=Values(common="claude", rare="o3"),
        retired_model="gpt-4",
        client=Values(common="Claude Code", rare="Zed"),
        provider_name=Values(common="anthropic", rare="azure"),
        tool=Values(common="Bash", rare="refund"),
        word=Values(common="the", rare="lighthouse"),
        long_sessions=("one/two", "three"),
    )
