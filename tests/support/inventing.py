"""Random records and filters from a seed: few values, so that they meet often, and moments at which bounds go wrong."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aibridge.filters import Filter
from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome, ProviderType
from aibridge.store.pool import Store
from support.lives import write_finished
from support.rows import NOON, begun, call, finished, new_id, prompt, usage

MODELS = ("claude-opus", "claude-haiku", "gpt-5", "o3%_", "claude-opus-old")
CLIENTS = ("Claude Code", "Codex", "Unknown")
PROVIDERS = (("anthropic", "anthropic"), ("openai", "openai"), ("copilot", "copilot"), ("copilot", "copilot-business"))
TOOLS = ("Bash", "Read", "apply_patch", "Task")
SESSIONS = ("a", "b", "ä/%?", "z" * 256, None)
WIDTH = timedelta(days=9)


class Records:
    """Invents interceptions of a few people in a few sessions, and ends most of them."""

    def __init__(self, store: Store, people: Sequence[UUID], seed: int) -> None:
        self.store = store
        self.people = people
        self.chance = random.Random(seed)

    def moment(self) -> datetime:
        """Often on the hour or at midnight, and often the same one twice: that is where bounds go wrong."""
        step = self.chance.choice((timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)))
        return NOON + step * self.chance.randrange(WIDTH // step)

    async def write(self, count: int) -> None:
        starts = [self.begun() for _ in range(count)]
        await self.store.write_begun(starts)
        ends = [self.finished(start) for start in starts if self.chance.random() < 0.9]
        for batch in (ends[: count // 2], ends[count // 2 :], ends[: count // 3]):  # the last one is a replay
            await write_finished(self.store, batch)

    def begun(self, **changes: Any) -> Any:
        type_, name = self.chance.choice(PROVIDERS)
        started_at = self.moment()
        asked = prompt(f"prompt {self.chance.random()}", started_at) if self.chance.random() < 0.3 else None
        fields: dict[str, Any] = {
            "provider": ProviderType(type_),
            "provider_name": name,
            "model": self.chance.choice(MODELS),
            "client": self.chance.choice(CLIENTS),
            "client_session_id": self.chance.choice(SESSIONS),
            "credential_kind": self.chance.choice(list(CredentialKind)),
            "credential_type": self.chance.choice(list(CredentialType)),
            "side_request": self.chance.random() < 0.1,
            "started_at": started_at,
            "metadata": {"n": self.chance.randrange(9)},
            "user_prompt": asked,
        }
        return begun(self.chance.choice(self.people), **fields | changes)

    def finished(self, start: Any) -> Any:
        outcome = self.chance.choice([Outcome.COMPLETED] * 4 + [Outcome.FAILED, Outcome.CANCELLED])
        tools = [self.chance.choice(TOOLS) for _ in range(self.chance.randrange(3))]
        return finished(
            start,
            ended_at=start.started_at + timedelta(seconds=self.chance.randrange(1, 9000)),
            outcome=outcome,
            error_type=self.chance.choice(list(ErrorType)) if outcome is Outcome.FAILED else None,
            token_usage=usage(input_tokens=self.chance.randrange(99), output_tokens=None),
            tool_usages=tuple(call(f"c{i}", tool=tool) for i, tool in enumerate(tools)),
        )

    def filter(self) -> Filter:
        chance = self.chance

        def some(values: Sequence[Any]) -> frozenset[Any]:
            return frozenset(chance.sample(values, chance.choice((1, 1, 2))))

        choices: dict[str, Any] = {
            "initiator_ids": lambda: some([*self.people, new_id()]),
            "providers": lambda: some(["anthropic", "openai", "copilot", "none"]),
            "provider_names": lambda: some([name for _, name in PROVIDERS]),
            "models": lambda: some([*MODELS, "o3"]),
            "clients": lambda: some(CLIENTS),
            "session_ids": lambda: some([s for s in SESSIONS if s]),
            "outcomes": lambda: some(list(Outcome)),
            "error_types": lambda: some(list(ErrorType)),
            "credential_kinds": lambda: some(list(CredentialKind)),
            "credential_types": lambda: some(list(CredentialType)),
            "tools": lambda: some([*TOOLS, "None"]),
        }
        fields = {key: choices[key]() for key in chance.sample(list(choices), chance.choice((0, 1, 1, 2, 3)))}
        window = sorted({self.moment(), self.moment()})
        if len(window) == 2 and chance.random() < 0.5:
            fields |= dict(zip(("started_after", "started_before"), window, strict=True))
            fields.pop(chance.choice(("started_after", "started_before", "neither")), None)
        return Filter(**fields)
