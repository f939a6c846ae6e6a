"""The first owner, made once with the link that the server printed."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect

from aibridge.auth.browsers import mint_secret, sha256_of
from support import postgres
from support.axe import violations
from support.site import PASSWORD, Site, open_site

pytestmark = pytest.mark.browser


@pytest.fixture
def site(database_server: str, template: str) -> Iterator[Site]:
    """Nobody has an account here."""
    with postgres.database_copy(database_server, template) as dsn, open_site(dsn) as opened:
        postgres.in_a_thread(postgres.execute(dsn, "TRUNCATE users CASCADE"))
        yield opened


def welcome(site: Site) -> str:
    secret = mint_secret()
    site.run(site.store.sign_ins.make_link(None, secret_sha256=sha256_of(secret), lifetime=timedelta(days=1)))
    return f"/welcome?token={secret}"


def test_the_first_owner_is_made_once(site: Site, contexts: Callable[..., BrowserContext]) -> None:
    """With a password that is none, then a good one; no link makes another, not even one that was printed before."""
    links = [welcome(site), welcome(site)]
    page, other = contexts().new_page(), contexts().new_page()
    other.goto(links[1])
    page.goto(links[0])
    assert violations(page) == []
    page.get_by_label("Username").fill("Ada!")
    page.get_by_label("Your name").fill("Ada <script>alert(1)</script>")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create and sign in").click()
    expect(page.get_by_text("This username cannot be used")).to_be_visible()
    expect(page.get_by_text("A password needs at least 12 characters.")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create and sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Ada <script>alert(1)</script>")
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("Owner")

    other.get_by_label("Username").fill("eve")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Create and sign in").click()
    expect(other.get_by_role("alert")).to_contain_text("This link no longer works")
    other.goto(links[0])
    expect(other.get_by_role("alert")).to_contain_text("This link no longer works")
    assert [user.username for user in site.run(site.store.people.list_users())] == ["ada"]


def test_a_guessed_token_makes_nobody(site: Site, contexts: Callable[..., BrowserContext]) -> None:
    page = contexts().new_page()
    for token in ("", "guess", "%00", "é"):
        page.goto(f"/welcome?token={token}")
        expect(page.get_by_role("alert")).to_contain_text("This link no longer works")
