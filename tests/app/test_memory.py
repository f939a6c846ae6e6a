"""The process's memory settings hold while a worker serves, and no longer."""

import ctypes
import gc
import os
from pathlib import Path

import pytest

from aibridge.app.memory import ALLOCATIONS_BETWEEN_COLLECTIONS, WORTH_A_TRIM, Trimmer, collecting_rarely


def test_the_collector_runs_rarely_while_serving_and_as_before_afterwards() -> None:
    usual = gc.get_threshold()
    with collecting_rarely():
        assert gc.get_threshold()[0] == ALLOCATIONS_BETWEEN_COLLECTIONS
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps what is freed")
async def test_what_was_freed_between_what_is_used_goes_back_to_the_system() -> None:
    """Bodies were read beside things that live on: the holes they leave are given back, once it is worth it."""
    freed = 0
    trimmer = Trimmer(lambda: freed)
    kept = [(bytearray(b"x" * 90_000), bytes(600)) for _ in range(500)]
    before = resident()
    pins = [pin for _, pin in kept]
    del kept
    await trimmer.trim()
    freed = WORTH_A_TRIM
    held = resident()
    await trimmer.trim()
    assert resident() < min(before, held) - 20_000_000
    assert len(pins) == 500
