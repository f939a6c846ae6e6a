"""The list of sessions in a browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from aibridge.records import Outcome
from aibridge.store import searching
from aibridge.web.pages import sessions as pages_sessions
from support.axe import violations
from support.rows import costing, usage
from support.session_made import HOSTILE, Made, session_made
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]


def put(site: Site, made: Made) -> None:
    site.run(site.store.write_begun(made.begun))
    site.run(site.store.write_finished(made.finished))


def small(site: Site, who: str, prompt: str, *, session: str, ago: timedelta, model: str = "claude-test") -> None:
    """A session of one step."""
    made = Made(site.known(who).id, datetime.now(UTC) - ago, session=session)
    made.step(asked=prompt, begin={"model": model}, calls=[("Bash", {"command": "ls"})])
    put(site, made)


@pytest.fixture
def sessions(site: Site) -> None:
    """Of three people: one today with all there is, one just now, one of last week."""
    put(site, session_made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=3), session="big"))
    small(site, "audrey", HOSTILE, session="now", ago=timedelta(seconds=20), model="gpt-test")
    small(site, "olivia", "Of last week", session="old", ago=timedelta(days=6))


def rows(page: Page) -> Locator:
    return page.locator("table.sess tbody tr")


def test_what_was_worked_on_last_active_first(sessions: None, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto("/sessions")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).nth(0)).to_contain_text(HOSTILE)
    expect(rows(page).nth(0)).to_contain_text("Now")
    expect(rows(page).nth(1)).to_contain_text("2 subagents")
    expect(rows(page).nth(1)).to_contain_text("2 failed requests")
    expect(rows(page).nth(1)).to_contain_text("Milo Mayr")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("1 to 2 of 2 sessions")
    rows(page).nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^The refresh-token tests"))
    page.go_back()
    expect(rows(page)).to_have_count(2)


def test_what_has_no_tokens_is_not_called_unpriced(site: Site, signed_in: SignedIn) -> None:
    """A price is missing only where tokens are known: not where all was cancelled or failed before they were told."""
    unknown = dict.fromkeys(("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens"))
    for name, ago, end in (
        ("told", 1, {}),
        ("cancelled", 2, {"outcome": Outcome.CANCELLED, "token_usage": usage(**unknown, partial=True)}),
        ("failed", 3, {"outcome": Outcome.FAILED, "token_usage": None}),
    ):
        made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=ago), session=name)
        made.step(asked=name, **end)
        put(site, made)
    page = signed_in()
    page.goto("/sessions")
    expect(rows(page).locator(".c-cost")).to_have_text(["unpriced", "\N{EN DASH}", "\N{EN DASH}"])
    for name in ("cancelled", "failed"):
        page.goto(f"/sessions/{name}")
        figures = page.get_by_label("Session summary").locator("dl > div")
        expect(figures.filter(has_text="Tokens").locator("dd")).to_have_text(["\N{EN DASH}", "None reported"])
        expect(figures.filter(has_text="Estimated cost").locator("dd")).to_have_text(["\N{EN DASH}", ""])
        expect(page.locator("main .unpriced")).to_have_count(0)


def test_the_list_and_the_page_count_threads_and_subagents_alike(site: Site, signed_in: SignedIn) -> None:
    """A subagent that asks again after a failure begins a second thread, and is still one."""
    made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=1), session="again")
    made.step(asked="Go", calls=[("Task", {"prompt": "Look"})])
    made.step(asked="Look", begin={"agent_id": "a"}, outcome=Outcome.FAILED)
    made.step(asked="Look", begin={"agent_id": "a"})
    put(site, made)
    page = signed_in()
    page.goto("/sessions")
    expect(rows(page).locator(".c-what small")).to_contain_text("1 subagent · 1 failed request")
    expect(rows(page).locator("td").nth(4)).to_have_text("1")
    rows(page).get_by_role("link").click()
    figures = page.get_by_label("Session summary").locator("dl > div")
    expect(figures.filter(has_text="Threads").locator("dd")).to_have_text(["1", "1 subagent"])


def test_a_session_of_nothing_but_a_subagent_is_one_thread(site: Site, signed_in: SignedIn) -> None:
    """OpenCode's subagents are sessions of their own. What has no price and what has no tokens is not in the cost."""
    made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=1), session="below")
    told = {"metadata": {"subagent": True}}
    first = made.step(
        asked="Look", begin=told, calls=[("Bash", {"command": "ls"})], token_usage=usage(cost=costing(900))
    )
    made.step(answers=first, begin=told)
    put(site, made)
    page = signed_in()
    page.goto("/sessions")
    expect(rows(page).locator("td").nth(4)).to_have_text("1")
    expect(rows(page).locator(".c-cost")).to_have_text("$0.00091 not included")
    rows(page).get_by_role("link").click()
    figures = page.get_by_label("Session summary").locator("dl > div")
    expect(figures.filter(has_text="Threads").locator("dd")).to_have_text(["1", "1 subagent"])
    expect(figures.filter(has_text="Estimated cost").locator("dd")).to_have_text(["$0.0009", "1 step not included"])


def test_the_model_of_the_main_agent_stands_before_those_of_side_requests(site: Site, signed_in: SignedIn) -> None:
    made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=1), session="two")
    made.step(begin={"model": "a-small-one", "side_request": True})
    made.step(asked="Go", begin={"model": "the-large-one"}, calls=[("Bash", {"command": "ls"})])
    put(site, made)
    page = signed_in()
    page.goto("/sessions")
    expect(rows(page).locator(".c-client small")).to_have_text("the-large-one +1")
    expect(rows(page).locator(".c-client small")).to_have_attribute("title", "the-large-one, a-small-one")


def test_of_a_common_word_the_list_says_that_there_are_more(
    site: Site, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "COMMON", 3)
    monkeypatch.setattr(pages_sessions, "COUNTED", 27)
    for n in range(30):
        small(site, "milo", "common", session=f"s{n}", ago=timedelta(minutes=n + 5))
    site.run(site.store.indexing.index_some())
    page = signed_in()
    page.goto("/sessions?q=common&limit=25")
    pager = page.get_by_role("navigation", name="Pages")
    expect(pager).to_contain_text(re.compile("1 to 25 of 27\\+ or more sessions"))
    assert violations(page) == []
    pager.get_by_role("link", name="Next page").click()
    expect(rows(page)).to_have_count(5)
    expect(pager).to_contain_text("26 to 30 of 30 sessions")


def test_filters_stand_in_the_link(sessions: None, signed_in: SignedIn) -> None:
    """A model from its menu, the failed ones, mine, another time; back takes the last one away."""
    page = signed_in()
    page.goto("/sessions")
    page.locator("summary", has_text="Model").click()
    page.get_by_label("Find model").fill("gpt")
    page.get_by_role("checkbox", name=re.compile("gpt-test")).check()
    expect(rows(page)).to_have_count(1)
    assert "model=gpt-test" in page.url
    page.go_back()
    expect(rows(page)).to_have_count(2)
    page.goto("/sessions")
    page.locator("label", has_text="Failed").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("The refresh-token tests")
    assert page.url.endswith("/sessions?errors=1")
    page.goto("/sessions")
    page.get_by_role("link", name="Mine").click()
    expect(page.get_by_role("heading", name="No sessions match these filters")).to_be_visible()
    page.get_by_role("link", name="Search the last 90 days").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Of last week")


def test_texts_are_searched(sessions: None, signed_in: SignedIn) -> None:
    page = signed_in()
    page.goto("/sessions")
    page.keyboard.press("/")
    page.keyboard.type("cause is fixed")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("The refresh-token tests")
    page.goto("/sessions?q=*")
    expect(page.get_by_role("alert")).to_contain_text("holds no letter")


def test_what_is_typed_before_the_scripts_are_there_is_searched_too(sessions: None, signed_in: SignedIn) -> None:
    page, scripts = signed_in(), list[Route]()

    def hold(route: Route) -> None:
        scripts.append(route)

    page.route("**/js/app.js", hold)
    page.goto("/sessions", wait_until="commit")
    page.get_by_label("Search sessions").fill("cause is fixed")
    expect(rows(page)).to_have_count(2)
    for script in scripts:
        script.continue_()
    expect(rows(page)).to_have_count(1)


def test_pages(site: Site, signed_in: SignedIn) -> None:
    """A link beyond the end shows the last page."""
    for n in range(30):
        small(site, "milo", f"Prompt {n}", session=f"s{n}", ago=timedelta(minutes=5 + n))
    page = signed_in()
    page.goto("/sessions?limit=25")
    expect(rows(page)).to_have_count(25)
    page.get_by_role("link", name="Next page").click()
    expect(rows(page)).to_have_count(5)
    page.goto("/sessions?limit=25&offset=9000")
    expect(rows(page)).to_have_count(5)
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("26 to 30 of 30 sessions")


def test_members_see_their_own(sessions: None, signed_in: SignedIn) -> None:
    page = signed_in("member")
    page.goto("/sessions?user=audrey")
    expect(page.get_by_text("You can see only your own sessions.")).to_be_visible()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Milo Mayr")
    expect(page.locator("summary", has_text="User")).to_have_count(0)


def test_something_new_is_said(site: Site, sessions: None, signed_in: SignedIn) -> None:
    """The rows stay until somebody wants the new ones."""
    page = signed_in()
    page.goto("/sessions")
    expect(rows(page)).to_have_count(2)
    expect(page.locator("live-events[listening]")).to_be_attached()
    small(site, "milo", "Quite new", session="new", ago=timedelta(seconds=1))
    button = page.get_by_role("link", name="1 new request")
    expect(button).to_be_visible()
    expect(rows(page)).to_have_count(2)
    button.click()
    expect(rows(page)).to_have_count(3)


def test_without_scripts(sessions: None, contexts: Callable[..., BrowserContext]) -> None:
    page = contexts("olivia", java_script_enabled=False).new_page()
    page.goto("/sessions")
    page.locator("summary", has_text="Client").click()
    page.get_by_role("link", name="Choose client…").click()
    page.get_by_role("checkbox", name=re.compile("Claude Code")).check()
    page.get_by_role("button", name="Show sessions").click()
    expect(rows(page)).to_have_count(2)
    assert "client=Claude+Code" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it(sessions: None, signed_in: SignedIn, scheme: str) -> None:
    """axe finds nothing, on a wide screen and on a phone."""
    for viewport in ({"width": 1440, "height": 900}, {"width": 390, "height": 844}):
        options: dict[str, Any] = {"color_scheme": scheme, "viewport": viewport}
        page = signed_in(**options)
        for state in ("", "?errors=1", "?client=None", "?q=*"):
            page.goto(f"/sessions{state}")
            assert violations(page) == [], state
