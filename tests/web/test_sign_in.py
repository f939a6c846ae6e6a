"""The door: who comes in, who does not, and what is said."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.records import UserStatus
from support.axe import violations
from support.site import PASSWORD, Site

pytestmark = pytest.mark.browser

Contexts = Callable[..., BrowserContext]


def fill(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name or email").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_who_knows_the_password_comes_in(site: Site, stranger: Page) -> None:
    """After a wrong one, which is told in one sentence whether the name exists or not."""
    stranger.goto("/account")
    for name in ("milo", "nobody"):
        fill(stranger, name, "not the password")
        expect(stranger.get_by_role("alert")).to_have_text("Name or password is wrong.")
        expect(stranger.get_by_label("Name or email")).to_have_value(name)
    fill(stranger, "milo", PASSWORD)
    expect(stranger).to_have_url(f"{site.url}/account")
    expect(stranger.get_by_role("navigation", name="Main")).to_contain_text("Milo Mayr")


def test_back_and_forward_after_signing_in_and_out(site: Site, stranger: Page) -> None:
    """Back leads past the door; after signing out it shows nothing any more."""
    stranger.goto("/setup?client=codex")
    fill(stranger, "milo", PASSWORD)
    expect(stranger).to_have_url(f"{site.url}/setup?client=codex")
    stranger.get_by_role("link", name="OpenCode").click()
    expect(stranger.get_by_role("heading", name="Start OpenCode")).to_be_visible()
    stranger.go_back()
    expect(stranger.get_by_role("heading", name="Start Codex")).to_be_visible()
    stranger.go_forward()
    expect(stranger.get_by_role("heading", name="Start OpenCode")).to_be_visible()
    stranger.goto("/account")
    stranger.get_by_role("button", name="Sign out", exact=True).click()
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    stranger.go_back()
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()


def test_too_many_tries(site: Site, stranger: Page) -> None:
    """After five, the right password does not help either until some minutes are over."""
    stranger.goto("/signin")
    for _ in range(5):
        fill(stranger, "milo", "guess")
        expect(stranger.get_by_role("alert")).to_have_text("Name or password is wrong.")
    fill(stranger, "MILO", PASSWORD)
    expect(stranger.get_by_role("alert")).to_have_text(re.compile(r"^Too many tries\. Try again in [45] minutes\.$"))
    fill(stranger, "audrey", PASSWORD)
    expect(stranger.get_by_role("navigation", name="Main")).to_contain_text("Audrey Ott")


def test_without_scripts(site: Site, contexts: Contexts) -> None:
    """The door, a form that is refused and one that is taken are plain HTML."""
    page = contexts(java_script_enabled=False).new_page()
    page.goto("/account")
    fill(page, "milo", "wrong")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    fill(page, "milo", PASSWORD)
    page.get_by_label("Key name").fill("laptop")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy this key now. It is not shown again.")).to_be_visible()


def test_a_link_elsewhere_leads_home(site: Site, stranger: Page) -> None:
    """Whatever `next` says, nobody is led off this site."""
    for number, wanted in enumerate(
        ("https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)")
    ):
        site.person(f"reader{number}")
        stranger.context.clear_cookies()
        stranger.goto("/signin")
        stranger.evaluate(
            "wanted => { const next = document.createElement('input'); next.name = 'next'; next.value = wanted;"
            " document.forms[0].append(next); }",
            wanted,
        )
        fill(stranger, f"reader{number}", PASSWORD)
        expect(stranger.get_by_role("navigation", name="Main")).to_be_visible()
        assert stranger.url.startswith(f"{site.url}/")


def test_suspension_signs_out_within_a_second(site: Site, contexts: Contexts) -> None:
    """A new password and deletion do too, in every browser; coming back does not bring them back."""
    people, milo = site.store.people, site.known("milo")
    page = contexts("milo").new_page()
    for change in (
        lambda: people.set_status(milo.id, UserStatus.SUSPENDED),
        lambda: people.set_password_hash(milo.id, milo.password_hash),
        lambda: people.set_status(milo.id, UserStatus.DELETED),
    ):
        page.goto("/account")
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        site.run(change())
        page.reload()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        status = site.known(milo.id).status
        if status is UserStatus.SUSPENDED:
            site.run(people.set_status(milo.id, UserStatus.ACTIVE))
            page.reload()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        if status is not UserStatus.DELETED:
            site.let_in(page.context, "milo")


def test_sign_out_everywhere(site: Site, contexts: Contexts) -> None:
    here, there = contexts("milo").new_page(), contexts("milo").new_page()
    there.goto("/account")
    here.goto("/account")
    expect(here.get_by_text("Where you are signed in")).to_be_visible()
    here.get_by_role("button", name="Sign out everywhere").click()
    expect(here.get_by_role("heading", name="Sign in")).to_be_visible()
    there.reload()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_link_signs_in_as_often_as_it_is_opened(site: Site, contexts: Contexts) -> None:
    """Until it ends. A wrong one says so."""
    secret = mint_secret()
    links = site.store.sign_ins
    site.run(links.make_link(site.known("olivia").id, secret_sha256=sha256_of(secret), lifetime=timedelta(hours=1)))
    for _ in range(2):
        page = contexts().new_page()
        page.goto(f"/signin?token={secret}")
        expect(page.get_by_role("navigation", name="Main")).to_contain_text("olivia")
        assert "token" not in page.url
    page = contexts().new_page()
    page.goto("/signin?token=wrong")
    expect(page.get_by_role("alert")).to_contain_text("This link no longer works.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_door_is_accessible(site: Site, contexts: Contexts, scheme: str) -> None:
    page = contexts(color_scheme=scheme).new_page()
    page.goto("/signin")
    assert violations(page) == []
    fill(page, "milo", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
