"""Connecting a client, from the page to the first request that it shows; settings, theme, keys."""

import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from aibridge.demo.script import Text
from support.axe import violations
from support.request_log import Log
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]
BODY = {"model": "claude-test", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


def ask(site: Site, token: str) -> None:
    """A request as Claude Code sends one."""
    answer = httpx.post(
        f"{site.url}/api/v2/aibridge/anthropic/v1/messages",
        json=BODY,
        headers={"authorization": f"Bearer {token}", "user-agent": "claude-cli/2.1.330 (external, cli)"},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 200


def test_from_the_page_to_the_first_request(site: Site, signed_in: SignedIn) -> None:
    """Somebody else's request is not theirs; their own appears by itself."""
    site.stage.says([Text("hello")])
    page = signed_in("member")
    page.goto("/setup")
    expect(page.get_by_role("heading", name="Waiting for your first request")).to_be_visible()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy this key now. It is not shown again.")).to_be_visible()
    key = page.get_by_label("New key", exact=True).inner_text()
    expect(page.get_by_label("Environment variables", exact=True)).to_contain_text(f"ANTHROPIC_AUTH_TOKEN={key}")
    ask(site, site.stage.token)
    ask(site, key)
    expect(page.get_by_role("heading", name="Received from Claude Code 2.1.330")).to_be_visible()
    page.get_by_role("link", name="Open it").click()
    expect(page).to_have_url(re.compile(r"/requests/[0-9a-f-]{36}"))


def test_each_client_in_both_ways(site: Site, signed_in: SignedIn) -> None:
    """The link keeps which; what is unknown is as if it were not there."""
    page = signed_in("member")
    for client, words in {
        "Codex": "wire_api",
        "OpenCode": "{env:GATEWAY_TOKEN}",
        "Python SDKs": "base_url=",
        "cURL": "curl ",
        "Claude Code": "ANTHROPIC_BASE_URL",
    }.items():
        page.goto("/setup?client=nonsense&key=nonsense")
        page.get_by_role("navigation", name="Clients").get_by_role("link", name=client).click()
        expect(page.locator(".how")).to_contain_text(words)
        page.get_by_role("link", name="Your own key").click()
        expect(page).to_have_url(re.compile("key=own"))
        expect(page.locator(".how")).to_contain_text("X-AIBridge-Token")


def test_the_theme_is_kept_and_rendered_by_the_server(site: Site, signed_in: SignedIn) -> None:
    page = signed_in("member")
    page.goto("/setup")
    seen = []
    for _ in range(3):
        page.get_by_role("button", name=re.compile("^Theme")).click()
        seen.append(page.locator("html").get_attribute("data-theme"))
        assert f'data-theme="{seen[-1]}"' in page.request.get("/setup").text()
    assert seen == ["light", "dark", "system"]


def test_the_list_of_keys(site: Site, signed_in: SignedIn) -> None:
    """`?` opens it, Escape closes it; not while somebody types."""
    page = signed_in("owner")
    page.goto("/users")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("a?b")
    expect(page.get_by_label("Search users")).to_have_value("a?b")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_what_came_before_the_page_listened_is_shown_too(site: Site, signed_in: SignedIn) -> None:
    site.stage.says([Text("hello")])
    page = signed_in("owner")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/events?*", hold)
    with page.expect_request("**/events?*"):
        page.goto("/setup", wait_until="domcontentloaded")
    expect(page.get_by_role("heading", name="Waiting for your first request")).to_be_visible()
    ask(site, site.stage.token)
    held[0].continue_()
    expect(page.get_by_role("heading", name="Received from Claude Code 2.1.330")).to_be_visible()


def test_settings_tell_what_is_set(site: Site, signed_in: SignedIn) -> None:
    page = signed_in("auditor")
    page.goto("/settings")
    expect(page.get_by_text("All is well")).to_be_visible()
    expect(page.get_by_text("60 days")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("keyless"))).to_contain_text("Users bring their own")


def test_settings_tell_what_has_grown_old(site: Site, signed_in: SignedIn) -> None:
    page = signed_in("auditor")
    page.goto("/settings")
    retention = page.get_by_role("region", name="Retention")
    expect(retention).to_contain_text("0 requests")
    log = Log(site)
    for _ in range(3):
        log.add("milo", ago=timedelta(days=61))
    log.write()
    page.reload()
    expect(retention).to_contain_text("3 requests")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_they_are_accessible(site: Site, signed_in: SignedIn, scheme: str, width: int) -> None:
    page = signed_in("owner", color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in ("/setup", "/setup?client=curl&key=own", "/settings"):
        page.goto(path)
        assert violations(page) == [], path
    page.keyboard.press("?")
    assert violations(page) == []
