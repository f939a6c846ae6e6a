"""The process's memory settings hold while a worker serves, and no longer."""

import ctypes
import gc
import subprocess
import sys

import pytest

from aibridge.app.memory import ALLOCATIONS_BETWEEN_COLLECTIONS, collecting_rarely


def test_the_collector_runs_rarely_while_serving_and_as_before_afterwards() -> None:
    usual = gc.get_threshold()
    with collecting_rarely():
        assert gc.get_threshold()[0] == ALLOCATIONS_BETWEEN_COLLECTIONS
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


BODIES = """
import asyncio, os, pathlib
from aibridge.app.memory import WORTH_A_TRIM, Trimmer

def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

freed = 0
trimmer = Trimmer(lambda: freed)
base = resident()
kept = [(bytearray(b"x" * 90_000), bytes(600)) for _ in range(500)]
pins = [pin for _, pin in kept]
del kept
asyncio.run(trimmer.trim())
freed = WORTH_A_TRIM
asyncio.run(trimmer.trim())
print(resident() - base, len(pins))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc keeps what is freed")
def test_what_was_freed_between_what_is_used_goes_back_to_the_system() -> None:
    """Bodies were read beside things that live on: the holes they leave are given back, once it is worth it."""
    told = subprocess.run([sys.executable, "-c", BODIES], capture_output=True, text=True, check=True).stdout.split()
    assert int(told[0]) < 15_000_000  # of the 45 MB that the bodies took
    assert told[1] == "500"
