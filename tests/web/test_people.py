"""Users and their keys, as owners, auditors and members meet them."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from aibridge.records import Role, UserStatus
from support.axe import violations
from support.request_log import Log
from support.site import PASSWORD, Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]
HOSTILE = '<img src=x onerror="window.stolen=1">\x1b]0;x\x07'


def asks(site: Site, key: str) -> int:
    """What the API answers to this key."""
    answer = httpx.get(
        f"{site.url}/api/v2/users/me", headers={"authorization": f"Bearer {key}"}, trust_env=False, timeout=60
    )
    return answer.status_code


def make_key(page: Page, name: str) -> str:
    page.get_by_label("Key name").fill(name)
    page.get_by_label("Access").select_option("gateway api")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy this key now. It is not shown again.")).to_be_visible()
    return page.get_by_label("New key", exact=True).inner_text()


def test_a_key_is_shown_once_copied_and_revoked_by_its_name(site: Site, signed_in: SignedIn) -> None:
    page = signed_in("member")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/account")
    key = make_key(page, "laptop")
    page.get_by_role("button", name="Copy key").click()
    expect(page.get_by_text("Copied.")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert asks(site, key) == 200
    page.goto("/account")
    expect(page.get_by_role("row", name=re.compile("^laptop"))).to_contain_text(key[:12])
    assert key not in page.content()

    page.locator("summary", has_text="Revoke").click()
    page.get_by_label("Type laptop to revoke it").fill("desktop")
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("alert")).to_have_text("Type laptop to revoke this key.")
    assert asks(site, key) == 200
    page.get_by_label("Type laptop to revoke it").fill("laptop")
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("The key is revoked and no longer works.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^laptop"))).to_contain_text("Revoked")
    assert asks(site, key) == 401


def test_a_key_needs_a_name(site: Site, signed_in: SignedIn) -> None:
    page = signed_in("member")
    page.goto("/account")
    page.evaluate("document.getElementById('f-name').required = false")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Give the key a name, such as laptop.")).to_be_visible()


def test_an_owner_manages_somebody(site: Site, signed_in: SignedIn, contexts: Callable[..., BrowserContext]) -> None:
    """Made, found, given a key, another role, suspended, let in again, deleted; the record's name stays."""
    page = signed_in("owner")
    page.goto("/users")
    page.get_by_text("Add a user").click()
    page.get_by_label("Username").fill("milo")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_text("There is a user milo already.")).to_be_visible()
    page.get_by_label("Username").fill("nora")
    page.get_by_label("Full name").fill(HOSTILE.replace("\x1b", "").replace("\x07", ""))
    page.get_by_label("First password").fill(PASSWORD)
    page.get_by_role("button", name="Add user").click()
    expect(page).to_have_url(f"{site.url}/users/nora?said=created")
    key = make_key(page, "ci")
    assert asks(site, key) == 200

    page.goto("/users")
    page.get_by_label("Search users").fill("nor")
    expect(page).to_have_url(re.compile(r"/users\?q=nor$"))
    expect(page.get_by_text("1 to 1 of 1 user")).to_be_visible()
    page.get_by_role("link", name="nora").click()
    page.get_by_label("Role").select_option("auditor")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The changes are saved.")).to_be_visible()
    assert site.known("nora").role is Role.AUDITOR

    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("The account is suspended.")).to_be_visible()
    assert asks(site, key) == 403
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("The account is active again.")).to_be_visible()

    page.get_by_label("Type nora to delete").fill("nora")
    page.get_by_role("button", name="Delete user").click()
    expect(page.get_by_text("Deleted", exact=True).first).to_be_visible()
    assert asks(site, key) == 401
    assert page.evaluate("window.stolen") is None


def test_the_last_owner_stays(site: Site, signed_in: SignedIn) -> None:
    other = site.person("otto", role=Role.OWNER)
    page = signed_in("otto")
    page.goto("/users/olivia")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_text("The account is suspended.")).to_be_visible()
    page.goto("/users/otto")
    expect(page.get_by_role("button", name="Suspend")).to_have_count(0)
    expect(page.get_by_text("You cannot change your own role.")).to_be_visible()
    assert site.known("otto").status is UserStatus.ACTIVE
    assert other.role is Role.OWNER


def test_one_changes_ones_password(site: Site, signed_in: SignedIn, contexts: Callable[..., BrowserContext]) -> None:
    """With the one so far; this browser stays in, the others are out."""
    page, other = signed_in("member"), signed_in("member")
    other.goto("/account")
    page.goto("/account")
    page.get_by_label("Current password").fill("wrong")
    page.get_by_label("New password").fill("another good passphrase")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("This is not your current password.")).to_be_visible()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("another good passphrase")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed. Everywhere else you are signed out.")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_auditors_see_and_change_nothing_members_see_nothing(site: Site, signed_in: SignedIn) -> None:
    auditor, member = signed_in("auditor"), signed_in("member")
    auditor.goto("/users/milo")
    expect(auditor.get_by_role("heading", name="Milo Mayr")).to_be_visible()
    for name in ("Suspend", "Save", "Create key", "Delete user"):
        expect(auditor.get_by_role("button", name=name)).to_have_count(0)
    token = auditor.locator("input[name=form]").first.get_attribute("value")
    refused = auditor.request.post("/users/milo/status", form={"form": token or "", "status": "suspended"})
    assert refused.status == 403
    for path in ("/users", "/users/audrey", "/users/milo", "/users/nobody", "/settings"):
        answer = member.goto(path)
        assert answer is not None
        assert answer.status == 404
        expect(member.get_by_role("heading", name="There is nothing here")).to_be_visible()
    expect(member.get_by_role("navigation", name="Main")).not_to_contain_text("Manage")


def test_hostile_names_stay_text(site: Site, signed_in: SignedIn) -> None:
    """Markup and terminal escapes in what people are called, wherever it is shown."""
    site.run(site.store.people.create_user("mallory", name=HOSTILE, email="m@example.com"))
    log = Log(site)
    log.add("mallory", "hm?", client_session_id="theirs")
    log.write()
    page = signed_in("owner")
    places = ("/users", "/users/mallory", "/users?q=img", "/overview", "/requests", "/sessions", "/sessions/theirs")
    for path in places:
        page.goto(path)
        expect(page.locator("main")).to_contain_text('<img src=x onerror="window.stolen=1">')
        assert page.evaluate("[window.stolen, document.querySelectorAll('img').length]") == [None, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_people_are_accessible(site: Site, signed_in: SignedIn, scheme: str, width: int) -> None:
    page = signed_in("owner", color_scheme=scheme, viewport={"width": width, "height": 900})
    for path in ("/users", "/users?q=nobody", "/users/milo", "/account", "/nothing"):
        page.goto(path)
        assert violations(page) == [], path
    page.goto("/account")
    make_key(page, "laptop")
    assert violations(page) == []
    page.locator("summary", has_text="Revoke").first.click()
    assert violations(page) == []
