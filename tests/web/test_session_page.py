"""A session in a browser, as an auditor reads it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from aibridge.records import Role
from aibridge.web.addresses import session_path
from aibridge.web.session.portion import ABOVE, PORTION
from support.axe import violations
from support.session_made import HOSTILE, PHRASE, RIGHT_TO_LEFT, Made, long_session, session_made
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]
ID = "7f3c9a52-41d8-4c1e-9a37-0be2d5c4e681"
PATH = f"/sessions/{ID}"


def put(site: Site, made: Made) -> Made:
    """On record, and findable."""
    for first in range(0, len(made.begun), 200):
        site.run(site.store.write_begun(made.begun[first : first + 200]))
        site.run(site.store.write_finished(made.finished[first : first + 200]))
    return made


@pytest.fixture
def session(site: Site) -> Made:
    """Of `milo`, two hours ago."""
    return put(site, session_made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=2), session=ID))


def steps(page: Page) -> Locator:
    return page.locator("session-timeline .step")


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Step details")


def test_who_asked_what_and_what_it_took(site: Site, session: Made, signed_in: SignedIn) -> None:
    page = signed_in("auditor")
    page.goto(PATH)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^The refresh-token tests fail"))
    expect(page.locator(".s-meta")).to_contain_text("Milo Mayr")
    expect(page.locator(".s-meta")).to_contain_text("Claude Code 2.1.330")
    expect(page.locator("#s-state")).to_have_text("Last seen 1h ago")
    figures = page.get_by_label("Session summary")
    for name, value, beside in (
        ("Threads", "4", "2 subagents"),
        ("Steps", "25", "2 failed"),
        ("Tool calls", "21", "Mostly jira get_issue"),
        ("Estimated cost", "unpriced", "23 steps unpriced"),
    ):
        tile = figures.locator("dl > div", has=page.locator("dt", has_text=re.compile(f"^{name}$")))
        expect(tile.locator("dd")).to_have_text([value, beside])
    expect(figures.get_by_role("img")).to_have_attribute(
        "aria-label", "Map of the session: 4 threads and 25 steps over time"
    )
    expect(steps(page)).to_have_count(25)
    expect(page.locator(".sub-thread > summary > b")).to_have_text(["security-reviewer", "test-auditor"])
    expect(page.locator(".idle-row")).to_have_text("Idle for 40m 00s")
    expect(page.get_by_role("link", name=re.compile(r"^With tools \d+$"))).to_be_visible()


def test_what_a_thread_came_to_stands_below_the_names_of_the_columns(session: Made, signed_in: SignedIn) -> None:
    """With the steps beside it, so that both can be compared; a phone shows it below the prompt."""
    page = signed_in(viewport={"width": 1440, "height": 900})
    page.goto(PATH)
    for column, figure in (("Duration", "lasts"), ("Out", "out"), ("Cost", "cost")):
        name = page.locator(".cols > span", has_text=re.compile(f"^{column}$")).bounding_box()
        for sums in (page.locator(".thread > summary > .sums"), page.locator(".sub-thread > summary > .sums")):
            value = sums.first.locator(f".{figure}").bounding_box()
            assert name is not None
            assert value is not None
            assert value["x"] + value["width"] == pytest.approx(name["x"] + name["width"], abs=1), column
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".thread > summary > .sums").first).to_be_visible()


def test_a_failure_is_raised_and_found_by_a_key(session: Made, signed_in: SignedIn) -> None:
    """In the figures, the outline and the thread; `e` goes from one to the next, also into a subagent."""
    page = signed_in()
    page.goto(PATH)
    expect(page.get_by_role("navigation", name="Threads").locator(".e")).to_have_text(
        ["1 failed", "1 failed", "1 failed"]
    )
    page.keyboard.press("e")
    expect(inspector(page)).to_contain_text("Provider overloaded: Overloaded")
    expect(inspector(page)).to_contain_text("The client received status 529.")
    page.keyboard.press("e")
    expect(inspector(page)).to_contain_text("Provider error: Cut off")
    expect(page.locator(".sub-thread .step > a[aria-current]")).to_have_count(1)
    page.keyboard.press("e")
    expect(page.locator("#said")).to_have_text("No further failure.")


def test_a_phrase_in_thoughts_is_found(session: Made, signed_in: SignedIn) -> None:
    """It says where; the link keeps it, and going back takes it away."""
    page = signed_in()
    page.goto(PATH)
    page.keyboard.press("/")
    page.keyboard.type("second replica")
    expect(page.get_by_role("status").filter(has_text="match")).to_have_text("1 match")
    expect(steps(page)).to_have_count(1)
    expect(page.locator(".hit")).to_contain_text("in thoughts")
    expect(page.locator(".hit mark")).to_have_text(["second", "replica"])
    assert "q=second+replica" in page.url
    page.go_back()
    expect(steps(page)).to_have_count(25)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_forward()
    expect(steps(page)).to_have_count(1)
    page.get_by_role("button", name="Next match").click()
    expect(inspector(page)).to_contain_text(PHRASE)
    expect(inspector(page).locator("mark").first).to_have_text("second")
    page.get_by_label("Search this session").fill("nothing of the kind")
    expect(page.get_by_role("heading", name="No step matches “nothing of the kind”")).to_be_visible()
    page.get_by_role("link", name="Show all steps").click()
    expect(steps(page)).to_have_count(25)


def test_a_step_can_be_linked_to(session: Made, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto(PATH)
    page.locator(".step", has_text="src/auth/rotation.py").filter(has_text="Edit").locator("a").first.click()
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 4of 25")
    expect(inspector(page).locator(".diff .del")).to_have_count(2)
    link = page.url
    page.get_by_role("link", name="Next step").click()
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 5of 25")
    page.goto("/account")
    page.goto(link)
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 4of 25")
    page.go_back()
    page.go_forward()
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 4of 25")
    page.keyboard.press("Escape")
    expect(inspector(page)).to_have_count(0)
    assert "step=" not in page.url


def test_the_keys_walk_over_steps_and_threads(session: Made, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto(PATH)
    number = inspector(page).get_by_role("heading", level=2)
    for key, expected in (("j", 1), ("j", 3), ("j", 4), ("k", 3), ("n", 7), ("n", 22), ("p", 7)):
        page.keyboard.press(key)
        expect(number).to_have_text(f"Step {expected}of 25")
    page.get_by_label("Search this session").focus()
    page.keyboard.type("jj")
    expect(number).to_have_text("Step 7of 25")


def test_without_scripts(site: Site, session: Made, contexts: Callable[..., BrowserContext]) -> None:
    """Everything is a link or a form: kinds of steps, a search, a step, the portions of a long session."""
    put(
        site,
        long_session(site.known("milo").id, datetime.now(UTC) - timedelta(hours=5), 1200, session="long", failing=500),
    )
    page = contexts("olivia", java_script_enabled=False).new_page()
    page.goto(PATH)
    expect(page.locator(".hint, copy-button, kbd").filter(visible=True)).to_have_count(0)
    page.get_by_role("link", name="Failed 2").click()
    expect(page.locator(".why")).to_have_count(2)
    page.get_by_role("link", name=re.compile("Provider overloaded")).click()
    expect(inspector(page)).to_contain_text("The client received status 529.")
    page.get_by_role("link", name="Close details").click()
    expect(inspector(page)).to_have_count(0)
    page.goto("/sessions/long")
    expect(steps(page)).to_have_count(PORTION)
    page.get_by_role("link", name=f"Show {PORTION} of {1200 - PORTION:,} more steps").click()
    expect(steps(page).first).to_contain_text(f"make part-{PORTION}")
    page.get_by_role("link", name=f"Show {PORTION} earlier steps").click()
    expect(steps(page).first).to_contain_text("ls")


def test_a_long_session_comes_in_portions(site: Site, signed_in: SignedIn) -> None:
    """The next one when it comes near; a link to a late step opens there."""
    made = long_session(
        site.known("milo").id, datetime.now(UTC) - timedelta(hours=5), 1200, session="long", failing=500
    )
    put(site, made)
    page = signed_in()
    page.goto("/sessions/long")
    expect(steps(page)).to_have_count(PORTION)
    steps(page).last.scroll_into_view_if_needed()
    expect(steps(page)).to_have_count(2 * PORTION)
    page.goto(f"/sessions/long?step={made.begun[900].id}")
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 901of 1,200")
    expect(page.locator(f"#s-{made.begun[900].id}")).to_be_in_viewport()
    expect(page.get_by_role("link", name=f"Show {PORTION} of {900 - ABOVE} earlier steps")).to_be_visible(visible=None)


def test_the_next_failure_is_found_behind_what_is_here(site: Site, signed_in: SignedIn) -> None:
    made = long_session(
        site.known("milo").id, datetime.now(UTC) - timedelta(hours=5), 1200, session="long", failing=500
    )
    put(site, made)
    page = signed_in()
    page.goto("/sessions/long")
    page.keyboard.press("e")
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 499of 1,200")
    page.keyboard.press("e")
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 999of 1,200")
    expect(page.locator(f"#s-{made.begun[998].id}")).to_be_in_viewport()


def test_texts_that_hurt_stay_texts(session: Made, signed_in: SignedIn) -> None:
    """HTML, writing from right to left, and a megabyte of arguments, of which the beginning is shown."""
    page = signed_in()
    page.goto(PATH)
    expect(page).to_have_title(re.compile("^The refresh-token"))
    thread = page.locator("details.thread").nth(2)
    expect(thread.locator("h3")).to_have_text(HOSTILE)
    thread.locator(".step > a").first.click()
    expect(inspector(page).locator(".call b")).to_have_text(HOSTILE)
    expect(page.locator("img[src=x]")).to_have_count(0)
    expect(page.locator("details.thread").nth(3).locator("h3")).to_have_text(RIGHT_TO_LEFT)
    thread.locator(".step", has_text="big.txt").locator("a").click()
    expect(inspector(page).get_by_role("link", name=re.compile(r"Show all \(1(\.\d)? MB\)"))).to_be_visible()
    assert len(inspector(page).inner_text()) < 40_000


def test_an_open_session_grows_where_it_is(site: Site, session: Made, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto(PATH)
    expect(steps(page)).to_have_count(25)
    page.keyboard.press("j")
    page.locator(".sub-thread > summary").first.click()
    more = Made(site.known("milo").id, datetime.now(UTC) - timedelta(seconds=9), session=ID)
    more.step(asked="One more thing", calls=[("Bash", {"command": "date"})])
    put(site, more)
    expect(steps(page)).to_have_count(26)
    expect(page.locator("details.thread").last.locator("h3")).to_have_text("One more thing")
    expect(page.locator("#s-state")).to_have_text("Active")
    expect(page.locator(".sub-thread").first).not_to_have_attribute("open", re.compile(".*"))
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 1of 25")


def test_whose_session_it_is(site: Site, session: Made, signed_in: SignedIn) -> None:
    """Others get a 404, whatever they ask for; under one id each person has a session of their own."""
    rosa = site.person("rosa", role=Role.MEMBER)
    milo, step = site.known("milo"), session.begun[0].id
    page = signed_in("rosa")
    for path in ("", "/rows?first=a", "/next-failure", f"/steps/{step}", "/export.json", "/export.md"):
        for whose in ("", f"initiator={milo.id}", "initiator=none"):
            answer = page.request.get(
                f"{PATH}{path}{'&' if '?' in path else '?'}{whose}", headers={"HX-Request": "true"}
            )
            assert answer.status == 404, path
    mine = Made(rosa.id, datetime.now(UTC) - timedelta(hours=1), session=ID)
    mine.step(asked="Mine alone")
    put(site, mine)
    page.goto(PATH)
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine alone")
    assert page.request.get(f"{PATH}/steps/{step}", headers={"HX-Request": "true"}).status == 404


@pytest.mark.parametrize("id_", ["a/b", "..", "ä 😀?#%", "z" * 256, "menus", "~x"])
def test_any_id_has_a_page(site: Site, signed_in: SignedIn, id_: str) -> None:
    made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=1), session=id_)
    made.step(asked="Under a strange name", calls=[("Bash", {"command": "ls"})])
    put(site, made)
    page = signed_in("member")
    page.goto("/sessions")
    page.get_by_role("link", name="Under a strange name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Under a strange name")
    expect(page.locator(".crumbs .mono")).to_have_text(id_)
    page.keyboard.press("j")
    expect(inspector(page).get_by_role("heading", level=2)).to_have_text("Step 1of 1")
    exported = page.request.get(session_path(id_, "export.json"))
    assert exported.json()["id"] == id_


def test_exports(session: Made, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto(PATH)
    page.locator("summary", has_text="Export").click()
    for name, beginning in (("JSON", '{"'), ("Markdown", "# ")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.path().read_text(encoding="utf-8").startswith(beginning)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it(session: Made, signed_in: SignedIn, scheme: str) -> None:
    """axe finds nothing, in any state, on a wide screen and on a phone."""
    for viewport in ({"width": 1440, "height": 900}, {"width": 390, "height": 844}):
        options: dict[str, Any] = {"color_scheme": scheme, "viewport": viewport}
        page = signed_in(**options)
        for state in ("", "?q=auth", "?show=errors", "?q=nothing+of+it", f"?step={session.begun[3].id}"):
            page.goto(PATH + state)
            assert violations(page) == [], state
