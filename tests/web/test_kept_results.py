"""Where answers and results of tools are kept: a call stands beside its result, wherever somebody meets it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from support.axe import violations
from support.rows import answered
from support.session_made import HOSTILE, Made
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]
PATH = "/sessions/kept"
ERROR = "ERROR: no such table: sessions_archive"


@pytest.fixture
def kept(site: Site) -> Made:
    """Two calls at once, of which one fails; then a call whose result has HTML in it; then an answer."""
    made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=1), session="kept")
    first = made.step(
        asked="Count the archived sessions",
        calls=[("Read", {"file_path": "schema.sql"}), ("mcp__db__query", {"query": "SELECT count(*) FROM a"})],
    )
    made.wait(2)
    second = made.step(
        answers=first,
        brings=[("toolu_kept_1", "CREATE TABLE sessions ()", False), ("toolu_kept_2", ERROR, True)],
        calls=[("Bash", {"command": "psql -c '\\d'"})],
    )
    made.wait(1)
    made.step(
        answers=second,
        brings=[(second, f"sessions\n{HOSTILE}\n" + "row\n" * 40_000, False)],
        model_answers=(answered("There is no archive: nothing was ever moved there."),),
    )
    site.run(site.store.write_begun(made.begun))
    site.run(site.store.write_finished(made.finished))
    return made


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Step details")


def card(within: Locator, tool: str) -> Locator:
    return within.locator("article.call", has_text=tool)


def test_a_step_shows_what_its_calls_returned(kept: Made, signed_in: SignedIn) -> None:
    """The failed one says so and tells why; the other's text is its own. From there the way leads back to the call."""
    page = signed_in()
    page.goto(f"{PATH}?step={kept.begun[0].id}")
    read, query = card(inspector(page), "Read"), card(inspector(page), "query")
    expect(read.get_by_label("Result of Read")).to_have_text("CREATE TABLE sessions ()")
    expect(read.locator(".pill")).to_have_count(0)
    expect(query.locator(".pill.err")).to_have_text("Failed")
    expect(query.get_by_label("Result of query")).to_have_text(ERROR)
    page.keyboard.press("j")
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 2of 3")
    brought = inspector(page).locator(".block", has_text="Results of earlier calls 2")
    expect(brought.locator("article.call")).to_have_count(2)
    expect(card(brought, "query").locator(".pill.err")).to_have_text("Failed")
    brought.get_by_role("link", name="See the call").first.click()
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 1of 3")


def test_the_models_time_is_not_red_where_only_a_tool_failed(kept: Made, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto(f"{PATH}?step={kept.begun[0].id}")
    expect(inspector(page).locator(".timing .f-c0").first).to_be_visible()
    expect(inspector(page).locator(".timing .f-err")).to_have_count(0)


def test_a_failed_result_is_raised_to_the_row_and_all_above(kept: Made, signed_in: SignedIn) -> None:
    """In the row, the thread, the outline, the figures and the kinds; `e` finds it and nothing else."""
    page = signed_in()
    page.goto(PATH)
    row = page.locator(f"#s-{kept.begun[0].id}")
    expect(row).to_have_class("step err")
    expect(row.locator(".why")).to_contain_text(f"1 of 2 calls failed: {ERROR}")
    expect(page.locator("details.thread > summary .bad")).to_have_text("1 failed")
    expect(page.get_by_role("navigation", name="Threads").locator(".e")).to_have_text("1 failed")
    tile = page.get_by_label("Session summary").locator("dl > div", has_text="Tool calls")
    expect(tile.locator("dd")).to_have_text(["3", "1 failed"])
    expect(page.get_by_role("link", name="Failed 1")).to_be_visible()
    page.keyboard.press("e")
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 1of 3")
    expect(inspector(page).locator(".i-head .pill")).to_have_text("Failed")
    page.keyboard.press("e")
    expect(page.locator("#said")).to_have_text("No further failure.")


def test_the_page_of_a_request_shows_them_too(kept: Made, signed_in: SignedIn) -> None:
    """Answers, results of its calls, and what it brought; in the list and on its own. Large ones come in part."""
    first, second, last = (each.id for each in kept.begun)
    page = signed_in()
    page.goto(f"/requests?open={first}")
    expect(page.locator("tr.d").get_by_label("Result of query")).to_have_text(ERROR)
    page.goto(f"/requests/{last}")
    expect(page.locator(".block", has_text="Answer")).to_contain_text("There is no archive")
    expect(page.get_by_text("The model answered in text.")).to_have_count(0)
    expect(page.get_by_label("Result of Bash")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    page.get_by_role("link", name="See the call").click()
    expect(page).to_have_url(f"{page.url.partition('/requests')[0]}/requests/{second}")
    page.get_by_role("link", name="Show all (156 KB)").click()
    expect(page.get_by_role("heading", name="Result of a tool call")).to_be_visible()
    assert (page.locator("pre").text_content() or "").endswith("row\nrow\n")


def test_words_of_results_and_answers_are_found(kept: Made, signed_in: SignedIn) -> None:
    """Each match says where it is, and is marked there."""
    page = signed_in()
    page.goto(f"{PATH}?q=nothing+was+ever+moved")
    expect(page.locator(".hit")).to_contain_text("in answer")
    page.goto(f"{PATH}?q=sessions_archive")
    expect(page.locator(".hit")).to_contain_text("in results")
    page.keyboard.press("j")
    expect(inspector(page).get_by_label("Result of query").locator("mark")).to_have_text(["sessions_archive"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_them(kept: Made, signed_in: SignedIn, scheme: str) -> None:
    page = signed_in(color_scheme=scheme)
    for step in kept.begun:
        for path in (f"{PATH}?step={step.id}&q=sessions", f"/requests/{step.id}"):
            page.goto(path)
            assert violations(page) == [], path
