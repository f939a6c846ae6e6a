"""What processes have used, as the kernel tells it in /proc."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
UTIME, STIME, CUTIME, CSTIME = 11, 12, 13, 14
"""Places in /proc/PID/stat behind the name, see proc_pid_stat(5). The last two: of children that have ended."""
IDLE, IOWAIT, GUEST = 3, 4, 8
"""Places in the first line of /proc/stat, see proc_stat(5); from GUEST on it repeats what was counted before."""


def tree(pid: int) -> list[int]:
    """Return a process and its living descendants."""
    found = [pid]
    for parent in found:
        found += _children(parent)
    return found


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process and its descendants, the ended ones of its own included."""
    processes = tree(pid)
    return sum(_times(_read(Path(f"/proc/{process}/stat"))) for process in processes)


def busy_seconds() -> float:
    """Return the time that all processors of this machine have been busy, or taken away by the host."""
    fields = [int(field) for field in _read(Path("/proc/stat")).split("\n", 1)[0].split()[1:]]
    return sum(value for place, value in enumerate(fields[:GUEST]) if place not in (IDLE, IOWAIT)) / TICKS


def memory_kib(pid: int) -> int:
    """Return the memory of a process and its descendants; what they share with others counts by halves (PSS)."""
    return sum(_kib(f"/proc/{process}/smaps_rollup", "Pss") for process in tree(pid))


def peak_kib(pids: Iterable[int]) -> int:
    """Return the sum of the largest resident sets these processes had since `forget_peak`."""
    return sum(_kib(f"/proc/{pid}/status", "VmHWM") for pid in pids)


def forget_peak(pid: int) -> None:
    """Let the largest resident set begin anew at the present one."""
    for process in tree(pid):
        Path(f"/proc/{process}/clear_refs").write_text("5")


def _children(pid: int) -> list[int]:
    try:
        listings = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except (FileNotFoundError, ProcessLookupError):  # it ended just now
        return []
    return [int(child) for listing in listings for child in _read(listing).split()]


def _times(stat: str) -> float:
    fields = stat.rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (UTIME, STIME, CUTIME, CSTIME)) / TICKS if fields else 0


def _kib(path: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", _read(Path(path)), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    """Read a file of a process that may have ended just now."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
