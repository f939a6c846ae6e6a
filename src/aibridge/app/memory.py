"""How a worker process deals with its memory: both settings are measured, see `docs/performance.md`."""

import contextlib
import ctypes
import gc
from collections.abc import Iterator

ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000
"""Not Python's 700: a request leaves hardly any cycles, and looking for them was an eighth of its cost."""
M_TRIM_THRESHOLD = -1
"""glibc's number of the setting: https://man7.org/linux/man-pages/man3/mallopt.3.html"""
TRIM_BYTES = 128 * 1024
"""glibc raises its threshold with every large block that is freed, and then keeps the memory of past request bodies."""


@contextlib.contextmanager
def kept_small() -> Iterator[None]:
    """Give freed bodies back to the system; let the cyclic collector run rarely, and spare it what the start built."""
    _trim_eagerly()
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _trim_eagerly() -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # only glibc has it; others trim by themselves
        mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)
