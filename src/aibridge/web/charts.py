"""Charts as SVG, made here and never in the browser.

Places are per cent of the width and pixels of the height, colours are classes: a chart stretches with its column, obeys
a policy without inline styles, and follows the theme. A chart is one image with a name; its figures stand beside it in
a table (`charts.html`), where each row is a link. `data-tip` tells of a column what a pointer on it shows, as JSON.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import msgspec
from markupsafe import Markup

from aibridge.web.shapes import Shape

TOP, BOTTOM, AXIS = 8, 20, 46
"""Pixels above the plot, below it for the times, and beside it for the figures."""

STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
"""Between two lines of the grid, times a power of ten."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of figure over all columns."""

    name: str
    css: str
    """The class that gives it its colour: `f-…` fills, `s-…` strokes."""
    values: Sequence[float | None]
    """None: nothing to measure."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A span of time."""

    start: datetime
    tick: str
    """How its start is written below the plot."""
    label: str
    """And in full."""
    href: str | None = None
    """The requests in it."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over time."""

    title: str
    columns: Sequence[Column]
    series: Sequence[Series]
    """Bars: from the ground up."""
    shown: Callable[[float], str]
    """How a figure is written."""
    marked: Callable[[float], str] | None = None
    """How it is written beside the grid; None: the same."""
    height: int = 190
    """Pixels."""
    lines: int = 4
    """Of the grid, above the ground."""
    every: int = 4
    """Columns from one written time to the next."""
    clock: bool = False
    """Columns are shorter than a day: the browser shows their times as its own clock does."""

    @property
    def legend(self) -> list[Series]:
        """From the top down, as a stack is read."""
        return list(reversed(self.series))

    @property
    def rows(self) -> list[tuple[Column, list[float | None]]]:
        """The same as a table."""
        return [(column, [series.values[n] for series in self.series]) for n, column in enumerate(self.columns)]


def ceiling(highest: float, lines: int) -> float:
    """Where the scale ends: `lines` even steps that are easily read, the last at or above `highest`."""
    if highest <= 0:
        return lines
    power = 10.0 ** math.floor(math.log10(highest / lines))
    return next(step * power * lines for step in STEPS if step * power * lines >= highest * (1 - 1e-9))


def whole(highest: float, lines: int) -> float:
    """The same for what is counted: no line between two neighbours."""
    return max(math.ceil(ceiling(highest, lines) / lines) * lines, lines)


def bars(chart: Chart, *, counted: bool = True) -> Markup:
    """Stacked bars, for volumes. `counted`: the figures are whole numbers."""
    highest = max((sum(value or 0 for value in column) for column in zip(*_values(chart), strict=True)), default=0)
    peak = (whole if counted else ceiling)(highest, chart.lines)
    return _frame(chart, peak, [_column(chart, n, _stack(chart, n, peak)) for n in range(len(chart.columns))])


def lines(chart: Chart) -> Markup:
    """Lines, for durations and rates; they break where there is nothing to measure."""
    peak = ceiling(max((value or 0 for values in _values(chart) for value in values), default=0), chart.lines)
    drawn = Shape(
        '<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 {} 100" preserveAspectRatio="none">{}</svg>'
    ).format(
        TOP,
        chart.height - TOP - BOTTOM,
        max(len(chart.columns), 1),
        Markup("").join(_line(series, peak) for series in chart.series),
    )
    return _frame(chart, peak, [drawn, *(_column(chart, n, Markup()) for n in range(len(chart.columns)))])


def sparkline(values: Sequence[float | None], css: str = "") -> Markup:
    """The course of a figure, without a scale."""
    points = [value or 0 for value in values] or [0]
    if len(points) == 1:
        points *= 2
    peak, last = max(*points, 1e-9), len(points) - 1
    drawn = " ".join(f"{n},{30 - 27 * value / peak:.1f}" for n, value in enumerate(points))
    return Shape(
        '<svg class="spark {0}" viewBox="0 0 {1} 30" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon points="0,30 {2} {1},30"/><polyline points="{2}"/></svg>'
    ).format(css, last, drawn)


def token_bar(input_: int, cache_read: int, cache_write: int, output: int) -> Markup:
    """The kinds of tokens as shares of all."""
    kinds = (("f-in", input_), ("f-read", cache_read), ("f-write", cache_write), ("f-out", output))
    total, at, parts = max(sum(count for _, count in kinds), 1), 0.0, []
    for css, count in kinds:
        share = 100 * count / total
        if count:
            parts.append(
                Shape('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>').format(css, at, max(share, 1))
            )
        at += share
    return Shape('<svg class="tokbar" aria-hidden="true">{}</svg>').format(Markup("").join(parts))


def share_bar(part: float, whole_: float) -> Markup:
    """A part of a whole, behind its name."""
    width = max(100 * part / whole_, 0.8) if whole_ > 0 else 0.8
    return Shape(
        '<svg class="sharebar" aria-hidden="true"><rect class="f-accent" width="{:.2f}%" height="100%"/></svg>'
    ).format(width)


def _values(chart: Chart) -> list[Sequence[float | None]]:
    return [series.values for series in chart.series]


def _frame(chart: Chart, peak: float, plot: Sequence[Markup]) -> Markup:
    inner = chart.height - TOP - BOTTOM
    marks = [(TOP + inner * (1 - n / chart.lines), peak * n / chart.lines) for n in range(chart.lines + 1)]
    return Shape(
        '<div class="chart" role="img" aria-label="{title}">'
        '<svg class="yaxis" width="{axis}" height="{height}" aria-hidden="true">{figures}</svg>'
        '<svg class="plot" width="100%" height="{height}" aria-hidden="true"><g class="grid">{grid}</g>{plot}</svg>'
        "</div>"
    ).format(
        title=chart.title,
        axis=AXIS,
        height=chart.height,
        figures=Markup("").join(
            Shape('<text x="{}" y="{:.1f}">{}</text>').format(AXIS - 8, y + 3.5, (chart.marked or chart.shown)(value))
            for y, value in marks
        ),
        grid=Markup("").join(Shape('<line x1="0" x2="100%" y1="{0:.1f}" y2="{0:.1f}"/>').format(y) for y, _ in marks),
        plot=Markup("").join(plot),
    )


def _column(chart: Chart, n: int, drawn: Markup) -> Markup:
    """One column: what is drawn in it, its time, and what is told of it."""
    column, width = chart.columns[n], 100 / len(chart.columns)
    hit = Shape('<rect class="hit" x="{:.3f}%" y="{}" width="{:.3f}%" height="{}"/>').format(
        n * width, TOP, width, chart.height - TOP - BOTTOM
    )
    return Shape('<g class="col" data-tip="{}"{}>{}{}</g>{}').format(
        _tip(chart, n),
        Shape(' data-href="{}"').format(column.href) if column.href else "",
        hit,
        drawn,
        _tick(chart, n, width),
    )


def _tick(chart: Chart, n: int, width: float) -> Markup:
    if n % chart.every:
        return Markup()
    return Shape('<text class="xtick{}" x="{:.3f}%" y="{}"{}>{}</text>').format(
        " odd" if n // chart.every % 2 else "",
        (n + 0.5) * width,
        chart.height - 4,
        Shape(' data-clock="{}"').format(_start(chart, n)) if chart.clock else "",
        chart.columns[n].tick,
    )


def _start(chart: Chart, n: int) -> str:
    return chart.columns[n].start.isoformat()


def _tip(chart: Chart, n: int) -> str:
    told = [
        (series.css, series.name, "none" if (value := series.values[n]) is None else chart.shown(value))
        for series in chart.legend
    ]
    return msgspec.json.encode((chart.columns[n].label, told, _start(chart, n) if chart.clock else None)).decode()


def _stack(chart: Chart, n: int, peak: float) -> Markup:
    inner, width, y = chart.height - TOP - BOTTOM, 100 / len(chart.columns), float(chart.height - BOTTOM)
    drawn = []
    for series in chart.series:
        value = series.values[n] or 0
        if value <= 0:
            continue
        height = max(inner * value / peak, 1.0)  # what happened is seen, however little it is beside the rest
        y -= height
        drawn.append(
            Shape('<rect class="{}" x="{:.3f}%" y="{:.2f}" width="{:.3f}%" height="{:.2f}"/>').format(
                series.css, (n + 0.14) * width, y, width * 0.72, height
            )
        )
    return Markup("").join(drawn)


def _line(series: Series, peak: float) -> Markup:
    return Markup("").join(
        Shape('<polyline class="line {}{}" points="{}"/>').format(
            series.css,
            " dot" if run[0] == run[-1] else "",
            " ".join(f"{n + 0.5},{100 - 100 * value / peak:.2f}" for n, value in run),
        )
        for run in _runs(series.values)
    )


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Neighbours that can be joined; one that stands alone comes twice, which draws a dot."""
    run: list[tuple[int, float]] = []
    for n, value in enumerate([*values, None]):
        if value is not None:
            run.append((n, value))
        elif run:
            yield run if len(run) > 1 else run * 2
            run = []
