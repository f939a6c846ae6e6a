"""Tables in Markdown that read well on a terminal too."""

from collections.abc import Sequence

from bench.asking import Took


def section(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table below its title; nothing when it has no rows."""
    return f"### {title}\n\n{table(titles, rows)}" if rows else ""


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table with even columns; all but the first stand to the right."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return " | ".join(("| " + first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others))) + " |"

    return "\n".join(map(line, (titles, rule, *rows)))


def spans(took: Took | None) -> str:
    """Write both percentiles; a dash where nothing was measured."""
    return f"{took.p50:.0f} / {took.p95:.0f}" if took else "-"


def budget(most: int, unit: str = "", *, missed: bool) -> str:
    """Write what is allowed, and whether it was too little."""
    return " ".join(filter(None, (f"≤ {most}", unit, "**missed**" if missed else "")))
