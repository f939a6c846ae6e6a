"""An open session grows where it is, however long it has become."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from aibridge.web.session.portion import PORTION
from support.session_made import Made, long_session
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]
PATH = "/sessions/growing"
LENGTH = PORTION + 20
"""Steps: more than come at once."""


def put(site: Site, made: Made) -> None:
    """On record, what is not yet."""
    site.run(site.store.write_begun(made.begun))
    site.run(site.store.write_finished(made.finished))
    made.begun.clear()
    made.finished.clear()


def opened(page: Page, path: str = PATH) -> None:
    """Open it and wait until it listens."""
    page.goto(path)
    expect(page.locator("live-events[listening]")).to_be_attached()


def steps(page: Page) -> Locator:
    return page.locator("session-timeline .step")


def test_side_requests_and_pauses_come_too(site: Site, signed_in: SignedIn) -> None:
    """Side requests in a row are one group, folded as it was, whenever they came."""
    made = Made(site.known("milo").id, datetime.now(UTC) - timedelta(hours=1), session="growing")
    made.step(asked="Begin", calls=[("Bash", {"command": "ls"})])
    put(site, made)
    page = signed_in()
    opened(page)
    expect(steps(page)).to_have_count(1)
    side = {"side_request": True, "metadata": {"side_prompt": "Make a title"}}
    made.step(begin=side)
    put(site, made)
    expect(page.locator(".sides summary b")).to_have_text("1 side request")
    made.step(begin=side)
    made.wait(40 * 60)
    made.step(asked="Go on")
    put(site, made)
    expect(page.locator(".sides summary b")).to_have_text("2 side requests")
    expect(page.locator(".idle-row")).to_have_text("Idle for 40m 00s")
    expect(page.locator("details.thread h3")).to_have_text(["Begin", "Go on"])
    expect(steps(page)).to_have_count(4)
    expect(page.locator(".sides details")).not_to_have_attribute("open", re.compile(".*"))


def test_what_is_new_stands_behind_a_gap_that_is_not_filled(site: Site, signed_in: SignedIn) -> None:
    """It is none of what the gap stands for: that comes when it is asked for, and nothing comes twice."""
    made = long_session(
        site.known("milo").id,
        datetime.now(UTC) - timedelta(seconds=2 * LENGTH),
        LENGTH,
        session="growing",
        failing=PORTION,
    )
    put(site, made)
    page = signed_in(viewport={"width": 1440, "height": 600})
    opened(page)
    expect(steps(page)).to_have_count(PORTION)
    made.step(calls=[("Bash", {"command": "make last"})], answers=f"toolu_growing_{LENGTH - 1}")
    put(site, made)
    expect(steps(page)).to_have_count(PORTION + 1)
    expect(steps(page).last).to_contain_text("make last")
    expect(page.get_by_label("Session summary")).to_contain_text(f"{LENGTH + 1}")
    page.locator(".gap .link").click()
    expect(steps(page)).to_have_count(LENGTH + 1)
    expect(steps(page).last).to_contain_text("make last")
    ids = steps(page).evaluate_all("all => all.map(each => each.id)")
    assert len(set(ids)) == LENGTH + 1


def test_beyond_the_first_portion_rows_are_added_and_bars_fit(site: Site, signed_in: SignedIn) -> None:
    """With all of a long session on the page: a step, a subagent's, a new thread's. Bars shrink with their thread."""
    made = long_session(
        site.known("milo").id,
        datetime.now(UTC) - timedelta(seconds=2 * LENGTH + 1000),
        LENGTH,
        session="growing",
        failing=PORTION,
    )
    put(site, made)
    page = signed_in()
    opened(page)
    page.locator(".gap").dispatch_event("near")
    expect(steps(page)).to_have_count(LENGTH)
    widest = steps(page).nth(PORTION // 2).locator(".fall rect").last
    before = float((widest.get_attribute("x") or "").rstrip("%"))
    made.wait(1000)
    task = {"description": "Look", "prompt": "Look around", "subagent_type": "Explore"}
    made.step(calls=[("Task", task)], answers=f"toolu_growing_{LENGTH - 1}")
    made.step(asked="Look around", begin={"agent_id": "agent-1"}, calls=[("Bash", {"command": "pwd"})])
    made.step(asked="Another thing")
    put(site, made)
    expect(steps(page)).to_have_count(LENGTH + 3)
    expect(page.locator("details.thread h3")).to_have_text(["Port the whole service", "Another thing"])
    expect(page.locator(".sub-thread .step")).to_have_count(1)
    lasted = 2 * LENGTH - 1
    after = float((widest.get_attribute("x") or "").rstrip("%"))
    assert after == pytest.approx(before * lasted / (lasted + 1000 + 8), rel=0.02)
