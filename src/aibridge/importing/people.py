"""Whose the record is: Coder's users found here, or added."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from aibridge.importing.accounts import account, alternatives, may_be_one
from aibridge.importing.report import Fate, Report
from aibridge.store.coder import CoderSource, CoderUser
from aibridge.store.importing import Importer

PAGE = 500
"""Users read at once."""


class People:
    """Who of Coder is who here. What users of aibridge are and may is never changed."""

    def __init__(self, source: CoderSource, importer: Importer, report: Report) -> None:
        self._source = source
        self._importer = importer
        self._report = report
        self._here: dict[UUID, UUID] = {}

    async def bring(self) -> None:
        """Find or add everyone."""
        after = UUID(int=0)
        while users := await self._source.users(after=after, limit=PAGE):
            known = await self._importer.known_users([user.id for user in users])
            for user in users:
                self._report.users.count(1, await self._placed(user, known))
            after = users[-1].id

    async def find(self, ids: Collection[UUID]) -> dict[UUID, UUID]:
        """The users here that these users of Coder correspond to; unknown ones are absent.

        Someone whom Coder has forgotten may have been imported before: then the id is known here.
        """
        missing = {each for each in ids if each not in self._here}
        if missing:
            self._here |= {each: each for each in await self._importer.known_users(missing)}
        return {each: self._here[each] for each in ids if each in self._here}

    async def _placed(self, user: CoderUser, known: Collection[UUID]) -> Fate:
        if user.id in known:
            self._here[user.id] = user.id
            return Fate.THERE
        if not user.asked and (user.is_system or user.deleted):
            return Fate.SYSTEM if user.is_system else Fate.DELETED
        return await self._recognised(user) or await self._added(user)

    async def _recognised(self, user: CoderUser) -> Fate | None:
        name = account(user).username
        bearer = await self._importer.bearer(name)
        if bearer is None or not may_be_one(user, name, bearer.email):
            return None
        self._here[user.id] = bearer.id
        self._report.note("same user", user.id, f"{name} here ({bearer.id}) has the same name")
        return Fate.THERE

    async def _added(self, user: CoderUser) -> Fate:
        wanted = account(user)
        for name in alternatives(wanted.username):
            if await self._importer.add_user(msgspec.structs.replace(wanted, username=name)):
                if name != user.username:
                    self._report.note("new name", user.id, f"{user.username} is {name} here")
                break
        self._here[user.id] = user.id
        return Fate.ADDED
