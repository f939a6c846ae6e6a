"""Numbers of all workers of one `serve`, in memory they share: each writes to its own seat, whoever is asked reads all.

A seat outlives its worker. One that dies, however it dies, leaves its counters behind, and whoever takes its place goes
on counting. Adding to a number is one store of eight bytes, without a lock: a seat belongs to the thread of one event
loop, and no other process ever sees half a number.
"""

import json
import mmap
import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

NAMES_BYTES = 32 * 2**20
SLOTS = 128 * 2**10
"""Numbers of a seat. Families are bounded so that they fill neither; pages that nobody touches take no memory."""
SCRAP = 64
"""Slots at the end, wider than any series, for what finds no room all the same: it is counted, and never shown."""
SEAT_BYTES = NAMES_BYTES + SLOTS * 8

_NAMES_END, _PID, _FIRST = 0, 1, 2
"""Slots: how many bytes of names are whole, the process that sits here, the first series."""


class Series(NamedTuple):
    """A named run of slots."""

    family: str
    labels: tuple[str, ...]
    first: int
    width: int


class Seat:
    """The numbers of one worker. `values` is what counters write to, by slot."""

    def __init__(self, memory: memoryview) -> None:
        self._names = memory[:NAMES_BYTES]
        self.values = memory[NAMES_BYTES:].cast("d")
        self._known: list[Series] = []
        self._read = 0

    @property
    def pid(self) -> int:
        """The process that sits here; 0 when nobody does."""
        return int(self.values[_PID])

    def take(self, pid: int) -> None:
        """Sit down."""
        self.values[_PID] = pid

    def vacate(self) -> None:
        """Whoever sat here is gone."""
        self.values[_PID] = 0

    def series(self) -> list[Series]:
        """Everything that has been named here, by the workers before too."""
        end = int(self.values[_NAMES_END])
        if end > self._read:
            self._known.extend(_parsed(bytes(self._names[self._read : end])))
            self._read = end
        return self._known

    def add(self, family: str, labels: tuple[str, ...], width: int) -> int:
        """Name a series and return the first of its slots, all zero. Only the worker of this seat adds.

        The name is whole before the length says so: a reader, or an heir, never finds half of one.
        """
        known = self.series()
        first = known[-1].first + known[-1].width if known else _FIRST
        line = json.dumps([family, labels, first, width]).encode() + b"\n"
        start = self._read
        if first + width > SLOTS - SCRAP or start + len(line) > NAMES_BYTES:
            return SLOTS - SCRAP
        self._names[start : start + len(line)] = line
        self.values[_NAMES_END] = start + len(line)
        return first


class Board:
    """The seats of all workers."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        view = memoryview(memory)
        self.seats = [Seat(view[start : start + SEAT_BYTES]) for start in range(0, len(memory), SEAT_BYTES)]

    @classmethod
    def alone(cls) -> "Board":
        """One seat, for a process that shares its numbers with nobody."""
        return cls(mmap.mmap(-1, SEAT_BYTES))

    @classmethod
    def of(cls, descriptor: int) -> "Board":
        """The board in an inherited file."""
        return cls(mmap.mmap(descriptor, 0))

    def again(self) -> "Board":
        """The same numbers for a reader in another thread: what it has parsed of the names is its own."""
        return Board(self._memory)


def board_file(seats: int) -> BinaryIO:
    """Make a file for a board that has no name anywhere: it ends with the last process that has it open."""
    # In memory where that can be had; elsewhere the system writes it to a disk now and then.
    file = os.fdopen(os.memfd_create("aibridge-metrics"), "w+b") if hasattr(os, "memfd_create") else _unnamed()
    file.truncate(seats * SEAT_BYTES)
    return file


def _unnamed() -> BinaryIO:
    return tempfile.TemporaryFile()


def _parsed(lines: bytes) -> Iterator[Series]:
    for line in lines.splitlines():
        family, labels, first, width = json.loads(line)
        yield Series(family, tuple(labels), first, width)
