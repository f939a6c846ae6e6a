"""How a worker process deals with its memory: both settings are measured, see `docs/performance.md`."""

import contextlib
import ctypes
import gc
from collections.abc import Callable, Iterator

ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000
"""Not Python's 700: a request leaves hardly any cycles, and looking for them was an eighth of its cost."""
TRIM_SECONDS = 1.0
"""Between two looks whether enough was freed."""
WORTH_A_TRIM = 4 * 2**20
"""Bytes."""


@contextlib.contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the cyclic collector run rarely, and spare it what the start built."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class Trimmer:
    """Gives freed memory back to the system, also from between what is still used.

    Past request bodies leave holes that glibc would keep: 500 streams after bodies of 90 KB took 63 KiB each, and 27
    this way. It takes a millisecond or two for a hundred MiB, so it waits until that much was freed as to be worth it.
    `freed` tells the bytes of all bodies that were let go of since the start.
    """

    def __init__(self, freed: Callable[[], int]) -> None:
        self._freed = freed
        self._at_last_trim = 0

    async def trim(self) -> None:
        """Trim if enough was freed since the last time."""
        freed = self._freed()
        if _malloc_trim is not None and freed - self._at_last_trim >= WORTH_A_TRIM:
            self._at_last_trim = freed
            _malloc_trim(0)


_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Only glibc has it (https://man7.org/linux/man-pages/man3/malloc_trim.3.html); others give back by themselves."""
