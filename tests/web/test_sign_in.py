"""The door: who comes in, who does not, and what is said."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support.axe import violations
from support.site import PASSWORD, Site

pytestmark = pytest.mark.browser


def fill(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name or email").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_who_knows_the_password_comes_in(site: Site, stranger: Page) -> None:
    """After a wrong one, which is told in one sentence whether the name exists or not."""
    stranger.goto("/")
    for name in ("milo", "nobody"):
        fill(stranger, name, "not the password")
        expect(stranger.get_by_role("alert")).to_have_text("Name or password is wrong.")
        expect(stranger.get_by_label("Name or email")).to_have_value(name)
    fill(stranger, "milo", PASSWORD)
    expect(stranger.get_by_role("navigation", name="Main")).to_contain_text("Milo Mayr")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_door_is_accessible(site: Site, contexts: Callable[..., BrowserContext], scheme: str) -> None:
    page = contexts(color_scheme=scheme).new_page()
    page.goto("/signin")
    assert violations(page) == []
    fill(page, "milo", "wrong")
    expect(page).to_have_url(re.compile("/signin$"))
    assert violations(page) == []
