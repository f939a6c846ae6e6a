"""What values look like, and how links keep their state."""

from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup
from starlette.datastructures import QueryParams

from aibridge.web import formats
from aibridge.web.linking import Links
from aibridge.web.people.browsers import browser_name
from aibridge.web.ways import safe_path

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (812, "812"),
        (999, "999"),
        (1000, "1k"),
        (41_700, "41.7k"),
        (999_960, "1M"),
        (18_300_000, "18.3M"),
        (525e6, "525M"),
    ],
)
def test_tokens(count: int, shown: str) -> None:
    assert formats.tokens(int(count)) == shown


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (None, "unpriced"),
        (0, "$0"),
        (12, "<$0.0001"),
        (4_700, "$0.0047"),
        (9_949, "$0.0099"),
        (9_960, "$0.010"),
        (34_000, "$0.034"),
        (12_870_000, "$12.87"),
        (1_234_500_000, "$1,234.50"),
    ],
)
def test_money(micros: int | None, shown: str) -> None:
    assert formats.money(micros) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (0, "0 ms"),
        (412, "412 ms"),
        (999.9, "1.0 s"),
        (5_900, "5.9 s"),
        (59_960, "1m 00s"),
        (513_000, "8m 33s"),
        (3_840_000, "1h 04m"),
        (276_000_000, "3d 04h"),
    ],
)
def test_duration(milliseconds: float, shown: str) -> None:
    assert formats.duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "now"), (0, "now"), (12, "12s ago"), (3000, "50m ago"), (7200, "2h ago"), (400_000, "4d ago")],
)
def test_ago(seconds: int, shown: str) -> None:
    assert formats.ago(NOW - timedelta(seconds=seconds), NOW) == shown


def test_matches_are_marked_and_everything_is_escaped() -> None:
    """Also where a character is longer in lower case."""
    assert formats.mark("<b>Bold</b>", "b") == Markup("&lt;<mark>b</mark>&gt;<mark>B</mark>old&lt;/<mark>b</mark>&gt;")
    assert formats.mark("İstanbul <x>", "<x>") == Markup("İstanbul <mark>&lt;x&gt;</mark>")
    assert formats.mark("<script>", "") == Markup("&lt;script&gt;")


def test_names_without_letters_have_initials_too() -> None:
    assert [formats.initials(name) for name in ("Ada Verne", "ada", "", "  ", "相田 Aiko")] == [
        "AV",
        "A",
        "?",
        "?",
        "相A",
    ]


def test_a_link_keeps_the_state_and_leaves_defaults_out() -> None:
    link = Links("/requests", QueryParams("model=a&model=b&range=7d&odd=1"), defaults={"offset": 0, "range": "24h"})
    assert link() == "/requests?model=a&model=b&range=7d&odd=1"
    assert link(offset=0, range="24h") == "/requests?model=a&model=b&odd=1"
    assert link(model=["a", "c d"], range=None, odd=None) == "/requests?model=a&model=c+d"
    assert link(model=None, range=None, odd=None) == "/requests"


def test_browsers_have_names() -> None:
    assert (
        browser_name("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36")
        == "Chrome on Linux"
    )
    assert browser_name("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Version/19 Safari/605.1") == "Safari on macOS"
    assert browser_name("curl/8.5" + "x" * 100) == ("curl/8.5" + "x" * 100)[:60]
    assert browser_name("") == "Unknown browser"


@pytest.mark.parametrize(
    "wanted", ["", "http://evil", "//evil", "/\\evil", "/\tx", "/a\nb", "javascript:x", "\\/x", "/é"]
)
def test_nobody_is_led_off_this_site(wanted: str) -> None:
    assert safe_path(wanted) == "/"


@pytest.mark.parametrize("wanted", ["/", "/requests?model=a%20b&q=%22", "/sessions/~x?step=1"])
def test_ways_on_this_site(wanted: str) -> None:
    assert safe_path(wanted) == wanted


def test_what_steps_cost_says_what_is_not_known() -> None:
    assert str(formats.cost(12_870_000, 0)) == "$12.87"
    assert str(formats.cost(34_000, 1)) == '$0.034<abbr title="at least: 1 step not included">+</abbr>'
    assert str(formats.cost(None, 2)) == '<span class="unpriced">unpriced</span>'
    assert str(formats.cost(None, 0)) == '<span class="dim">\N{EN DASH}</span>'
