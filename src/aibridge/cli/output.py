"""Tables: aligned for people, one line of tab-separated fields a row for scripts."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print the rows; the titles only for people."""
    shown = [[plain(field) for field in row] for row in rows]
    if not sys.stdout.isatty():
        for row in shown:
            print("\t".join(row))  # noqa: T201 - the terminal is this room's business
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles, box=None, pad_edge=False, header_style="bold")
    for row in shown:
        table.add_row(*map(Text, row))  # as text: a name with brackets is no markup
    Console().print(table)


def plain(text: str) -> str:
    """`text` without anything a terminal obeys or a script would split at."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def moment(time: datetime | None) -> str:
    """RFC 3339 in UTC to the second; `-` for none."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else "-"


def tell(sentence: str) -> None:
    """Say something to a person at the terminal; a script does not see it."""
    if sys.stderr.isatty():
        print(sentence, file=sys.stderr)  # noqa: T201 - the terminal is this room's business
