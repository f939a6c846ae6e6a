"""Charts: scales that are easily read, columns that say what they are, and nothing of a name that becomes markup."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aibridge.web.charts import Chart, Column, Series, bars, ceiling, lines, sparkline, token_bar, whole

START = datetime(2026, 6, 1, tzinfo=UTC)


def chart(*series: Series, columns: int = 4, **changes: Any) -> Chart:
    spans = [
        Column(start=START + timedelta(hours=n), tick=f"{n:02}:00", label=f"Mon {n:02}:00", href=f"/requests?n={n}&m=1")
        for n in range(columns)
    ]
    return Chart(title="Tokens by hour", columns=spans, series=series, shown=lambda value: f"{value:g}", **changes)


def series(*values: float | None, name: str = "Input", css: str = "f-in") -> Series:
    return Series(name=name, css=css, values=values)


@pytest.mark.parametrize(
    ("highest", "counted", "measured"),
    [
        (0, 4, 4),
        (1, 4, 1),
        (3, 4, 3.2),
        (4, 4, 4),
        (5, 8, 6),
        (30, 32, 32),
        (41, 60, 60),
        (0.013, 4, 0.016),
        (9e9, 1e10, 1e10),
    ],
)
def test_a_scale_ends_just_above_the_highest(highest: float, counted: float, measured: float) -> None:
    assert whole(highest, 4) == pytest.approx(counted)
    assert ceiling(highest, 4) == pytest.approx(measured)


def test_a_chart_is_one_image_with_a_name_and_well_formed() -> None:
    drawn = ET.fromstring(bars(chart(series(1, 2, 0, 4), series(4, 3, 2, 1, name="Output", css="f-out"))))
    assert (drawn.get("role"), drawn.get("aria-label")) == ("img", "Tokens by hour")
    columns = [each for each in drawn.iter("g") if each.get("class") == "col"]
    assert msgspec.json.decode(columns[1].get("data-tip") or "") == [
        "Mon 01:00",
        [["f-out", "Output", "3"], ["f-in", "Input", "2"]],
        None,
    ]
    assert columns[1].get("data-href") == "/requests?n=1&m=1"
    assert [each.get("class") for each in columns[2].iter("rect")] == ["hit", "f-out"]


def test_columns_shorter_than_a_day_leave_their_time_to_the_browser() -> None:
    drawn = ET.fromstring(bars(chart(series(1, 2, 3, 4), clock=True, every=2)))
    ticks = [each.get("data-clock") for each in drawn.iter("text") if "xtick" in (each.get("class") or "")]
    assert ticks == [START.isoformat(), (START + timedelta(hours=2)).isoformat()]


def test_a_stack_fits_the_plot_and_the_least_is_seen() -> None:
    drawn = ET.fromstring(bars(chart(series(1, 0, 0, 0), series(1e6, 0, 0, 0, name="More"))))
    low, high = [each for each in drawn.iter("rect") if each.get("class") == "f-in"]
    assert float(low.get("height") or 0) == 1
    assert float(high.get("y") or 0) >= 0


def test_hostile_names_stay_text() -> None:
    name = '"><script>alert(1)</script>{x}'
    drawn = bars(chart(series(1, 1, 1, 1, name=name)))
    assert "<script" not in drawn
    tip = next(each for each in ET.fromstring(drawn).iter("g") if each.get("class") == "col").get("data-tip")
    assert msgspec.json.decode(tip or "")[1][0][1] == name


def test_a_line_breaks_where_nothing_was_measured_and_a_lonely_point_is_a_dot() -> None:
    drawn = ET.fromstring(lines(chart(series(1, None, 2, 4), series(None, None, None, None))))
    runs = [(each.get("points") or "").split() for each in drawn.iter("polyline")]
    assert [len(run) for run in runs] == [2, 2]
    assert runs[0][0] == runs[0][1]
    assert ["dot" in (each.get("class") or "").split() for each in drawn.iter("polyline")] == [True, False]


def test_nothing_to_draw_is_drawn_too() -> None:
    for drawn in (
        bars(chart(columns=0)),
        lines(chart(columns=0)),
        sparkline([]),
        sparkline([3]),
        token_bar(0, 0, 0, 0),
    ):
        ET.fromstring(drawn)


def test_token_kinds_are_shares_of_the_whole() -> None:
    drawn = ET.fromstring(token_bar(100, 0, 100, 200))
    assert [(each.get("class"), each.get("x"), each.get("width")) for each in drawn] == [
        ("f-in", "0.00%", "25.00%"),
        ("f-write", "25.00%", "25.00%"),
        ("f-out", "50.00%", "50.00%"),
    ]
