"""Where the figures come from."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.processes import ROOT


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine, the versions and the moment of a run."""

    taken_at: str
    commit: str
    processor: str
    cores: int
    memory_gib: float
    python: str
    load_before: float
    """Load average of the minute before the run."""


def describe() -> Machine:
    """Look around."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        taken_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        commit=_commit(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 2**30, 1),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        load_before=os.getloadavg()[0],
    )


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _commit() -> str:
    """Return the commit, marked when the gateway's code differs from it; `unknown` outside a repository."""

    def git(*arguments: str) -> str:
        call = ["git", *arguments]
        return subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=10", "HEAD") + (" with changes" if git("status", "--short", "src") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
