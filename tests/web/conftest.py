"""Pages in Debian's Chromium, before a real server. Where there is no browser these tests are left out."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from aibridge.records import Role
from support import postgres
from support.site import Site, open_site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=60_000)  # milliseconds; what is expected comes at once, unless the machine is busy

SignedIn = Callable[..., Page]
"""`signed_in("owner", color_scheme="dark")`: a page of a fresh browser; options are those of a context."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a module; each opens contexts of its own.

    Playwright keeps an event loop running meanwhile: a module with browser tests has no asynchronous ones.
    """
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no chromium here")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        yield opened
        opened.close()


@pytest.fixture
def site(database_server: str, template: str) -> Iterator[Site]:
    """A server of this test's own, with `olivia` (owner), `audrey` (auditor) and `milo` (member)."""
    with postgres.database_copy(database_server, template) as dsn, open_site(dsn) as opened:
        opened.person("audrey", role=Role.AUDITOR, name="Audrey Ott")
        opened.person("milo", name="Milo Mayr")
        yield opened


ROLES = {"owner": "olivia", "auditor": "audrey", "member": "milo"}


@pytest.fixture
def contexts(browser: Browser, site: Site) -> Iterator[Callable[..., BrowserContext]]:
    """Opens browser profiles on the site, and holds against the test what they complain about."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def open_context(username: str | None = None, **options: Any) -> BrowserContext:
        context = site.context(browser, username, **options)
        context.on("console", lambda message: _note(complaints, message))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    assert complaints == []


@pytest.fixture
def signed_in(contexts: Callable[..., BrowserContext]) -> SignedIn:
    """Opens a page as a role (owner, auditor, member) or as a user of that name."""

    def open_page(who: str = "owner", **options: Any) -> Page:
        return contexts(ROLES.get(who, who), **options).new_page()

    return open_page


@pytest.fixture
def stranger(contexts: Callable[..., BrowserContext]) -> Page:
    """A page of somebody who is not signed in."""
    return contexts().new_page()


def _note(complaints: list[str], message: ConsoleMessage) -> None:
    # A refusal that a test provokes is no fault of the page; what the page does about it is tested.
    refused = message.text.startswith("Failed to load resource: the server responded with a status of 4")
    if message.type == "error" and not refused:
        complaints.append(message.text)
