"""What a search within a session marks, and how one goes from match to match."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import Markup
from playwright.sync_api import Locator, Page, expect

from aibridge.texts import texts_of
from aibridge.web.json_shown import json_shown
from aibridge.web.marking import Marker
from support.session_made import Made, session_made
from support.site import Site

SignedIn = Callable[..., Page]
PATH = "/sessions/searched"


@pytest.mark.parametrize(
    ("written", "text", "marked"),
    [
        ("used_at", "row.used_at is None", "row.<mark>used_at</mark> is None"),
        ("b", "<b>a b</b>", "&lt;<mark>b</mark>&gt;a <mark>b</mark>&lt;/<mark>b</mark>&gt;"),
        (
            "path",
            json_shown({"path": 1}),
            '{\n  <span class="j-k">"<mark>path</mark>"</span>: <span class="j-n">1</span>\n}',
        ),
        ("class", json_shown([1]), '[\n  <span class="j-n">1</span>\n]'),
        ("name", json_shown(["a\nname"]), '[\n  <span class="j-s">"a\\n<mark>name</mark>"</span>\n]'),
        ("amp", Markup("a &amp; b"), "a &amp; b"),
    ],
)
def test_marks_stand_around_words_and_never_in_a_tag(written: str, text: str, marked: str) -> None:
    """In plain texts and in what is laid out, whatever HTML they hold; in JSON an escape parts words."""
    assert str(Marker(texts_of(written))(text)).replace("&#34;", '"') == marked


@pytest.fixture
def session(site: Site) -> Made:
    made = session_made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=2), session="searched")
    site.run(site.store.write_begun(made.begun))
    site.run(site.store.write_finished(made.finished))
    return made


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Step details")


@pytest.mark.browser
def test_keys_and_arrows_go_from_match_to_match(session: Made, signed_in: SignedIn) -> None:
    """Past steps that only lead to one; from such a step to the nearest on either side."""
    page = signed_in()
    page.goto(f"{PATH}?q=AUTH-341")
    expect(page.get_by_role("status").filter(has_text="match")).to_have_text("2 matches")
    expect(page.locator(".step")).to_have_count(3)
    number = inspector(page).get_by_role("heading", level=2)
    expect(page.locator(".step[data-hit] .arg mark")).to_have_text(["AUTH-341"] * 2)
    page.keyboard.press("j")
    expect(inspector(page).locator(".call .code mark")).to_have_text(["AUTH-341"])
    first = number.inner_text()
    page.get_by_role("button", name="Next match").click()
    expect(number).not_to_have_text(first)
    expect(inspector(page).locator(".call .code mark")).to_have_text(["AUTH-341"])
    last = number.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(number).not_to_have_text(last)
    page.locator(".step:not([data-hit]) > a").click()
    expect(number).to_have_text("Step 7of 25")
    page.keyboard.press("k")
    expect(number).to_have_text("Step 7of 25")
    page.keyboard.press("j")
    expect(inspector(page).locator(".call mark").first).to_have_text("AUTH-341")


@pytest.mark.browser
def test_tool_cards_are_marked_throughout(session: Made, signed_in: SignedIn) -> None:
    """Names of tools and servers, commands, changes, paths and arguments; what is marked is scrolled to."""
    page = signed_in()
    for written, walked, where in (
        ("get_issue", "j", "header b mark"),
        ("jira", "j", "header .chip mark"),
        ("pytest", "j", ".code mark"),
        ("claimed", "j", ".diff mark"),
        ("rotation.py", "jj", ".cap mark"),
        ("0123456789abcde", "j", ".code mark"),
    ):
        page.goto(f"{PATH}?q={written}")
        for key in walked:
            page.keyboard.press(key)
        expect(inspector(page).locator(f".call {where}").first).to_be_in_viewport()
