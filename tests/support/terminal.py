"""The command `aibridge` as a person or a script calls it: a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


class Terminal:
    """Calls commands with these settings, in this folder, and with nothing else of aibridge's in the environment."""

    def __init__(self, cwd: Path, **settings: str) -> None:
        others = {name: text for name, text in os.environ.items() if not name.startswith("AIBRIDGE_")}
        self.environment = {**others, "HOME": str(cwd), **{f"AIBRIDGE_{name}": text for name, text in settings.items()}}
        self.cwd = cwd

    def call(self, *arguments: str | Path, given: str = "") -> Ended:
        """Run one command to its end."""
        ended = subprocess.run(
            [sys.executable, "-m", "aibridge", *arguments],
            env=self.environment,
            cwd=self.cwd,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def read(self, *arguments: str | Path, given: str = "") -> str:
        """What a command that succeeds prints, without the line's end; it says nothing else to a script."""
        ended = self.call(*arguments, given=given)
        assert (ended.status, ended.err) == (0, ""), ended
        return ended.out.removesuffix("\n")
