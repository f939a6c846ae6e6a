"""From a request or a session to the next of the list that somebody came from."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from support.axe import violations
from support.request_log import Log, endings
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]


@pytest.fixture
def log(site: Site) -> Log:
    """Five sessions of one request each, every other of another model."""
    found = Log(site)
    for n in range(5):
        found.add(
            "milo",
            f"task {n}",
            model=f"model-{n % 2}",
            client_session_id=f"session-{n}",
            ago=timedelta(minutes=10 + n),
        )
    found.write()
    return found


@pytest.mark.parametrize("scripts", [True, False])
def test_through_the_sessions_of_a_filter(log: Log, signed_in: SignedIn, scripts: bool) -> None:  # noqa: FBT001
    """The link keeps the filter; at its end it says so; the crumb leads back to the list as it was."""
    page = signed_in("owner", java_script_enabled=scripts)
    page.goto("/sessions?model=model-0&range=7d")
    page.get_by_role("link", name="task 2").click()
    for way, title in (("Older", "task 4"), ("Newer", "task 2"), ("Newer", "task 0")):
        page.get_by_role("link", name=f"{way} session").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.get_by_role("link", name="Newer session").click()
    expect(page.get_by_text("No newer session in the list")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("task 0")
    expect(page.get_by_role("link", name="Newer session")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Older session").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("task 2")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Sessions").click()
    expect(page).to_have_url(re.compile(r"/sessions\?model=model-0&range=7d$"))


def test_the_way_is_kept_within_a_session(log: Log, signed_in: SignedIn) -> None:
    """Also by its search, its kinds and its steps."""
    page = signed_in("owner")
    page.goto("/sessions")
    page.get_by_role("link", name="task 2").click()
    page.keyboard.press("j")
    page.get_by_label("Search this session").fill("task")
    expect(page).to_have_url(re.compile("q=task"))
    page.get_by_role("link", name="With thoughts 0").click()
    page.get_by_role("link", name="Older session").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("task 3")


def test_through_the_requests_of_a_filter(log: Log, signed_in: SignedIn) -> None:
    """From a row that was opened in place to its page, and on; without a list there are no arrows."""
    page = signed_in("owner")
    page.goto("/requests?model=model-1&range=1h")
    page.get_by_text("task 3").click()
    page.locator("tr.d").get_by_role("link", name=re.compile("^[0-9a-f-]{36}$")).first.click()
    expect(page.locator("main")).to_contain_text("task 3")
    page.get_by_role("link", name="Newer request").click()
    expect(page.locator("main")).to_contain_text("task 1")
    page.get_by_role("link", name="Newer request").click()
    expect(page.get_by_text("No newer request in the list")).to_be_visible()
    page.get_by_role("link", name="Older request").click()
    expect(page.locator("main")).to_contain_text("task 3")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Request logs").click()
    expect(page).to_have_url(re.compile(r"/requests\?model=model-1&range=1h$"))
    page.goto(page.url.partition("?")[0] + "/" + str(endings(log)["tools"]))
    expect(page.get_by_role("link", name="Newer request")).to_have_count(0)


def test_nobody_is_led_to_what_is_not_theirs(site: Site, log: Log, signed_in: SignedIn) -> None:
    """A member walks over their own alone, and from others' there is no way. What cannot be searched for is refused."""
    theirs = log.add("olivia", "hers", client_session_id="hers", ago=timedelta(minutes=1))
    own = log.add("milo", "his newest", ago=timedelta(minutes=2))
    log.write()
    page = signed_in("member")
    for path in (f"/requests/{theirs}/older", "/sessions/hers/older", "/sessions/none/newer"):
        assert page.request.get(f"{path}?list=range%3D24h").status == 404
    answer = page.request.get(f"/requests/{own}/newer?list=range%3D24h", max_redirects=0)
    assert answer.headers["location"] == f"/requests/{own}?end=newer&list=range%3D24h"
    assert page.request.get(f"/requests/{own}/newer?list=q%3D--").status == 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_walk(log: Log, signed_in: SignedIn, scheme: str) -> None:
    page = signed_in("owner", color_scheme=scheme)
    for end in ("", "&end=newer"):
        page.goto(f"/sessions/session-0?list=range%3D24h{end}")
        assert violations(page) == []
