import pytest
from bench.machine import Machine
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
