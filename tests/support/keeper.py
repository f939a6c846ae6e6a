"""Ends what a test run left behind, however the run ended: by itself, by Ctrl-C, by SIGTERM, by kill -9.

python -m support.keeper FOLDER, where FOLDER is that of the run's temporary files. It waits until its standard input
ends: the other end of that pipe is held by the run's first process alone, and falls with it.
"""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
RUN = "TEST_RUN_FOLDER"
"""Tells every process of a run, in its environment, whose it is: workers, browsers, and what they start."""


def watch(folder: Path) -> subprocess.Popen[bytes]:
    """Start a keeper for the run that this process begins, out of reach of signals that are meant for the run."""
    path = os.pathsep.join((str(TESTS.parent / "src"), str(TESTS)))
    keeper = subprocess.Popen(
        [sys.executable, "-m", "support.keeper", str(folder)],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    os.environ[RUN] = str(folder)
    return keeper


def dismiss(keeper: subprocess.Popen[bytes]) -> None:
    """Say that the run is over, and wait until nothing of it is left."""
    keeper.communicate()


def main(folder: Path) -> None:
    sys.stdin.buffer.read()
    from support.life.leftovers import sweep  # only now: most of the keeper's life is waiting

    sweep(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
