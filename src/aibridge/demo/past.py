"""What the demo's people did before it began: weeks of invented sessions, so that charts and lists have a past.

They use the clients, models and providers of the live part. Their sessions are written straight into the record.
"""

import random
from collections.abc import Mapping
from uuid import UUID

from msgspec.structs import replace

from aibridge.demo.people import PEOPLE
from aibridge.demo.people import Person as Player
from aibridge.demo.seeding.calendar import Season
from aibridge.demo.seeding.catalogue import (
    ANTHROPIC,
    CLAUDE_CODE,
    CODEX,
    CREDENTIALS,
    OPENAI,
    OPENCODE,
    PROGRAM,
    Habit,
    Model,
)
from aibridge.demo.seeding.chance import Choice
from aibridge.demo.seeding.run import put
from aibridge.demo.seeding.traffic import Person, Traffic, api_token
from aibridge.store.bulk import Account, fill_empty

SEASON = Season(
    days=35,
    hours=(12, 11, 10, 10, 11, 12, 16, 26, 42, 55, 58, 50, 40, 50, 62, 66, 60, 50, 38, 30, 24, 18, 15, 13),
    weekend=0.5,
)
"""A month's overview has a few days to be compared with. The programs work at night and at the weekend, too."""

_CLAUDE = replace(
    CLAUDE_CODE,
    instances=Choice.of((ANTHROPIC, 1)),
    models=(Model("claude-opus-4-5", 60, launched=24), Model("claude-sonnet-4-5", 40)),
    small="claude-haiku-4-5",
)
_CODEX = replace(
    CODEX,
    instances=Choice.of((OPENAI, 1)),
    models=(Model("gpt-5.1-codex", 70, launched=17), Model("gpt-5-codex", 60, retired=15), Model("gpt-5.1", 20)),
    tools=Choice.of(("exec_command", 68.0), ("apply_patch", 22.0), ("update_plan", 8.0)),
)
_OPENCODE = replace(
    OPENCODE,
    instances=Choice.of((OPENAI, 1)),
    endpoint="/v1/chat/completions",
    models=(Model("gpt-4.1", 70), Model("qwen3-coder-480b", 30, launched=12)),
    thoughts=None,
)
_PROGRAM = replace(
    PROGRAM, instances=Choice.of((OPENAI, 1)), models=(Model("gpt-5-mini", 60), Model("gpt-4.1-mini", 40))
)
HABITS: Mapping[str, Habit] = {
    "claude-code": _CLAUDE,
    "codex": _CODEX,
    "opencode": _OPENCODE,
    "openai-python": _PROGRAM,
    "anthropic-python": _PROGRAM,
}
"""By the names of `aibridge.demo.clients.CLIENTS`."""
BUSIEST_FIRST = (*PEOPLE[1:], PEOPLE[0])
"""The owner mostly looks on."""


async def invent(dsn: str, *, interceptions: int, until: int, seed: int = 7) -> None:
    """Make the accounts of `PEOPLE` and the weeks `until` (microseconds since 1970) in an empty, migrated database.

    Raises the errors of `store.bulk`.
    """
    chance = random.Random(seed)  # noqa: S311 - a play, no secrets
    async with fill_empty(dsn, lambda _: None) as filling:
        ids = await filling.accounts([_account(player, chance) for player in BUSIEST_FIRST])
        at_work = [
            _worker(id_, player, chance) for id_, player in zip(ids, BUSIEST_FIRST, strict=True) if player.clients
        ]
        traffic = Traffic(at_work, interceptions=interceptions, until=until, season=SEASON, chance=chance)
        await put(filling, traffic, lambda _: None)


def _account(player: Player, chance: random.Random) -> Account:
    return Account(
        id=UUID(int=chance.getrandbits(128), version=4),
        username=player.username,
        name=player.name,
        email=player.email,
        role=player.role,
    )


def _worker(id_: UUID, player: Player, chance: random.Random) -> Person:
    """Who has two clients mostly takes the first."""
    first, last = (HABITS[client] for client in (player.clients[0], player.clients[-1]))
    return Person(id_, api_token(chance), CREDENTIALS.take(chance), first, last)
