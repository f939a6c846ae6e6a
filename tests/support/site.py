"""A whole aibridge for a test in a browser: a real server with a real PostgreSQL in a thread, and people who sign in.

The tests themselves are not asynchronous, since Playwright's plain interface reads like what a person does.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext

from aibridge.auth.browsers import mint_secret, sha256_of
from aibridge.auth.passwords import hash_password
from aibridge.records import Role
from aibridge.store.people import User
from aibridge.store.pool import Store
from support.stage import Stage, open_stage

PASSWORD = "correct horse battery staple"
_HASHED = hash_password(PASSWORD)

T = TypeVar("T")


class Site:
    """A running server, seen from outside its event loop."""

    def __init__(self, stage: Stage, loop: asyncio.AbstractEventLoop) -> None:
        self.stage = stage
        """The gateway and its scripted provider; its coroutines run with `run`."""
        self.url = stage.gateway.url
        self._loop = loop

    @property
    def store(self) -> Store:
        """The open store of the server; its coroutines run with `run`."""
        return self.stage.gateway.worker.store

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def person(self, username: str, *, role: Role = Role.MEMBER, name: str = "") -> User:
        """Somebody new, whose password is `PASSWORD`."""
        people = self.store.people
        return self.run(people.create_user(username, role=role, name=name, password_hash=_HASHED))

    def known(self, user: str | UUID) -> User:
        """Somebody who is there, by name or id."""
        found = self.run(self.store.people.find_user(user))
        assert found is not None
        return found

    def cookie(self, username: str) -> str:
        """The secret of a new sign-in."""
        secret = mint_secret()
        start = self.store.sign_ins.start(
            self.known(username).id, secret_sha256=sha256_of(secret), user_agent="test", address="127.0.0.1"
        )
        self.run(start)
        return secret

    def let_in(self, context: BrowserContext, username: str) -> None:
        """Have this browser signed in, without the detour over the form."""
        host = urlsplit(self.url).hostname or ""
        context.add_cookies(
            [
                {
                    "name": "aibridge",
                    "value": self.cookie(username),
                    "domain": host,
                    "path": "/",
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )

    def context(self, browser: Browser, username: str | None = None, **options: Any) -> BrowserContext:
        """A fresh browser profile on this site, signed in as `username`. `options` are Playwright's."""
        context = browser.new_context(base_url=self.url, **options)
        context.set_default_timeout(60_000)
        if username is not None:
            self.let_in(context, username)
        return context


@contextmanager
def open_site(database: str, *, environ: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Serve in a thread during the block. The owner is `olivia`, without a password."""
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.new_event_loop()
        running = thread.submit(loop.run_forever)
        opened = open_stage(database, environ=environ)
        try:
            stage = asyncio.run_coroutine_threadsafe(opened.__aenter__(), loop).result(timeout=60)
            try:
                yield Site(stage, loop)
            finally:
                asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), loop).result(timeout=60)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            running.result()
            loop.close()
