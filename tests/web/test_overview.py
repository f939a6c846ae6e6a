"""The overview: figures that are the record's, each leading to its requests."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from support.axe import violations
from support.request_log import Log, endings, many
from support.rows import costing, usage
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]


def tile(page: Page, name: str) -> str:
    found = page.locator(".tiles dl > div", has=page.locator("dt", has_text=name))
    return found.locator("dd.v").inner_text()


def opened(site: Site, signed_in: SignedIn, requests: int = 42) -> Page:
    """The overview of so many requests."""
    log = Log(site)
    many(log, requests)
    log.write()
    page = signed_in("owner")
    page.goto("/overview")
    return page


def test_figures_charts_and_lists_lead_to_their_requests(site: Site, signed_in: SignedIn) -> None:
    log = Log(site)
    many(log, 42)
    endings(log)
    log.add("milo", "before", ago=timedelta(hours=30))
    log.write()
    page = signed_in("owner")
    page.goto("/overview")
    assert (tile(page, "Requests"), tile(page, "Active users"), tile(page, "Error rate")) == ("48", "3", "4.2%")
    page.get_by_role("link", name="Open in request logs").click()
    expect(page.locator(".pager")).to_contain_text("of 2 requests")
    page.go_back()
    page.get_by_role("region", name="Top models").get_by_role("link", name="model-3").click()
    expect(page).to_have_url(f"{site.url}/requests?model=model-3")
    expect(page.locator(".pager")).to_contain_text("of 6 requests")
    page.go_back()
    page.get_by_role("region", name="Top users").get_by_role("link", name="Milo Mayr").click()
    expect(page).to_have_url(f"{site.url}/requests?user=milo")
    expect(page.locator(".pager")).to_contain_text("of 20 requests")
    page.go_back()
    panel = page.get_by_role("region", name="Failed requests")
    panel.get_by_text("Show as table").click()
    panel.get_by_role("row", name=re.compile("2$")).get_by_role("link").click()
    expect(page.locator(".pager")).to_contain_text("of 2 requests")


def test_durations_are_told_in_three_lines(site: Site, signed_in: SignedIn) -> None:
    """What half, 95 and 99 of a hundred do not exceed, drawn and in the table."""
    page = opened(site, signed_in)
    panel = page.get_by_role("region", name="Request duration")
    expect(panel.locator(".yaxis text").first).to_have_text("0")
    panel.get_by_text("Show as table").click()
    expect(panel.get_by_role("columnheader").filter(has_text=re.compile(r"^p\d\d$"))).to_have_text(
        ["p50", "p95", "p99"]
    )
    for colour in ("s-accent", "s-warn", "s-rare"):
        expect(panel.locator(f".chart .{colour}").first).to_be_attached()


def test_filters_change_everything_and_stand_in_the_link(site: Site, signed_in: SignedIn) -> None:
    page = opened(site, signed_in)
    page.locator("summary", has_text="Client").click()
    page.get_by_role("group", name="Client", exact=True).get_by_label("Codex").check()
    expect(page).to_have_url(f"{site.url}/overview?client=Codex")
    expect(page.locator(".tiles dd.v").first).to_have_text("21")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="User", exact=True).click()
    expect(page).to_have_url(f"{site.url}/overview?client=Codex&by=user")
    expect(page.get_by_role("img", name="Estimated cost by user over time")).to_be_visible()
    page.reload()
    expect(page.locator(".tiles dd.v").first).to_have_text("21")


def test_models_without_a_price_are_named(site: Site, signed_in: SignedIn) -> None:
    page = opened(site, signed_in, requests=7)
    expect(page.locator(".notice")).to_contain_text("No price is known for model-0, model-1, model-2 and 4 more")
    page.get_by_role("link", name="Show these models' requests").click()
    expect(page.locator(".pager")).to_contain_text("of 7 requests")


def test_the_alert_adds_up_to_what_the_tile_leaves_out(site: Site, signed_in: SignedIn) -> None:
    """Requests whose tokens were never told have no cost either, though their model has a price."""
    log = Log(site)
    log.add("milo", model="nobody-knows", token_usage=usage())
    for micros in (900, None, None):
        log.add("milo", model="gpt-5", token_usage=usage(cost=costing(micros)))
    log.write()
    page = signed_in()
    page.goto("/overview")
    expect(page.locator(".tiles")).to_contain_text("3 requests not included")
    expect(page.locator(".notice")).to_contain_text(
        "No price is known for nobody-knows: the estimated cost leaves out its 1 request,"
        " and 2 more of which the provider reported no tokens."
    )
    expect(page.get_by_role("link", name="Show this model's requests")).to_be_visible()


def test_members_see_figures_of_their_own(site: Site, signed_in: SignedIn) -> None:
    log = Log(site)
    many(log, 42)
    log.write()
    page = signed_in("member")
    page.goto("/overview?user=olivia&by=user")
    assert (tile(page, "Requests"), tile(page, "Tool calls")) == ("14", "14")
    expect(page.get_by_role("region", name="Top users")).to_have_count(0)
    expect(page.get_by_text("You can see only your own requests.")).to_be_visible()
    assert "Olivia" not in page.content()


@pytest.mark.parametrize("width", [1440, 390])
def test_no_barrier_on_a_large_and_on_a_small_screen(site: Site, signed_in: SignedIn, width: int) -> None:
    log = Log(site)
    many(log, 42)
    log.write()
    page = signed_in("owner", viewport={"width": width, "height": 900}, color_scheme="dark")
    for path in ("/overview", "/requests"):
        page.goto(path)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
