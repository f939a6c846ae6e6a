"""How far a long command is: a bar for people, nothing for scripts."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """A bar on the standard error while it is a terminal, with one line for each stage."""

    def __init__(self, total: int) -> None:
        columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._total = total
        self._task = self._bar.add_task("", total=None, visible=False)

    def stage(self, name: str) -> None:
        """The next stage begins; only `rows` can be counted."""
        self._finish()
        self._task = self._bar.add_task(name, total=self._total if name == "rows" else None)

    def advance(self, interceptions: int) -> None:
        """So many more are done."""
        self._bar.advance(self._task, interceptions)

    def _finish(self) -> None:
        done = self._bar.tasks[-1].completed
        self._bar.update(self._task, total=done or 1, completed=done or 1)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._finish()
        self._bar.stop()
