"""Lists beside a naive reading of the interceptions: random records, random filters, every field and total."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from aibridge.errors import CursorAmbiguous, CursorUnknown
from aibridge.filters import Filter
from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome, ProviderType
from aibridge.store.connections import Connection
from aibridge.store.lists import ReadSession
from aibridge.store.pool import Store
from support.rollups import exact
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
            await self.store.write_finished(batch)

    def begun(self) -> Any:
        type_, name = self.chance.choice(PROVIDERS)
        started_at = self.moment()
        return begun(
            self.chance.choice(self.people),
            provider=ProviderType(type_),
            provider_name=name,
            model=self.chance.choice(MODELS),
            client=self.chance.choice(CLIENTS),
            client_session_id=self.chance.choice(SESSIONS),
            credential_kind=self.chance.choice(list(CredentialKind)),
            credential_type=self.chance.choice(list(CredentialType)),
            side_request=self.chance.random() < 0.1,
            started_at=started_at,
            metadata={"n": self.chance.randrange(9)},
            user_prompt=prompt(f"prompt {self.chance.random()}", started_at) if self.chance.random() < 0.3 else None,
        )

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


class Naive:
    """Everything that is on record, read without roll-ups, indexes or SQL filters."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.sessions: dict[tuple[str, UUID], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            self.sessions[row["session_id"], row["initiator_id"]].append(row)

    @classmethod
    async def read(cls, psql: Connection) -> "Naive":
        rows = [
            dict(row) for row in await psql.fetch("SELECT * FROM aibridge_interceptions WHERE ended_at IS NOT NULL")
        ]
        by_id = {row["id"]: row for row in rows}
        for row in rows:
            row |= {"tools": [], "prompts": [], "tokens": [0, 0, 0, 0]}
        for tool in await psql.fetch("SELECT interception_id, tool FROM aibridge_tool_usages"):
            by_id[tool["interception_id"]]["tools"].append(tool["tool"])
        for said in await psql.fetch("SELECT interception_id, created_at, id, prompt FROM aibridge_user_prompts"):
            if said["interception_id"] in by_id:
                by_id[said["interception_id"]]["prompts"].append(tuple(said)[1:])
        for spent in await psql.fetch("SELECT * FROM aibridge_token_usages"):
            tokens = by_id[spent["interception_id"]]["tokens"]
            for n, kind in enumerate(
                ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")
            ):
                tokens[n] += spent[kind] or 0
        return cls(rows)

    def interceptions(self, filter_: Filter, viewer: UUID | None) -> list[UUID]:
        found = [
            row
            for row in self.rows
            if _visible(row, filter_, viewer)
            and _has_values(row, filter_)
            and (not filter_.tools or filter_.tools & set(row["tools"]))
            and (filter_.started_after is None or row["started_at"] >= filter_.started_after)
            and (filter_.started_before is None or row["started_at"] <= filter_.started_before)
        ]
        return [row["id"] for row in sorted(found, key=lambda r: (r["started_at"], r["id"]), reverse=True)]

    def session_keys(self, filter_: Filter, viewer: UUID | None) -> list[tuple[str, UUID]]:
        found = []
        for key, rows in self.sessions.items():
            combinations: dict[object, list[dict[str, Any]]] = defaultdict(list)
            for row in rows:
                combinations[row["combination"]].append(row)
            if (
                _visible(rows[0], filter_, viewer)
                and (not filter_.tools or any(filter_.tools & set(row["tools"]) for row in rows))
                and any(_has_values(each[0], filter_) and _in_use(each, filter_) for each in combinations.values())
            ):
                found.append((self.last_active(rows), *key))
        return [(session_id, initiator) for _, session_id, initiator in sorted(found, key=_by_bytes, reverse=True)]

    def last_active(self, rows: list[dict[str, Any]]) -> datetime:
        prompts = [said[0] for row in rows if not row["side_request"] for said in row["prompts"]]
        moment: datetime = max(prompts) if prompts else min(row["started_at"] for row in rows)
        return moment

    def session(self, key: tuple[str, UUID]) -> dict[str, Any]:
        rows = sorted(self.sessions[key], key=lambda r: (r["started_at"], r["id"]))
        said = sorted((p[0], r["id"], p[2]) for r in rows if not r["side_request"] for p in r["prompts"])
        return {
            "id": key[0],
            "initiator": key[1],
            "providers": sorted({r["provider"] for r in rows}),
            "provider_names": sorted({r["provider_name"] for r in rows}),
            "models": sorted({r["model"] for r in rows}),
            "client": rows[0]["client"],
            "metadata": rows[0]["metadata"],
            "started_at": rows[0]["started_at"],
            "ended_at": max(r["ended_at"] for r in rows),
            "last_active_at": self.last_active(rows),
            "threads": sum(r["thread_root_id"] is None and not r["side_request"] for r in rows),
            "interceptions": len(rows),
            "tool_calls": sum(len(r["tools"]) for r in rows),
            "failures": sum(r["outcome"] in ("failed", "truncated", "interrupted") for r in rows),
            "tokens": [sum(r["tokens"][n] for r in rows) for n in range(4)],
            "first_prompt": said[0][2] if said else None,
            "last_prompt": said[-1][2] if said else None,
        }


def _by_bytes(key: tuple[datetime, str, UUID]) -> tuple[datetime, bytes, UUID]:
    return key[0], key[1].encode(), key[2]


def _visible(row: dict[str, Any], filter_: Filter, viewer: UUID | None) -> bool:
    return (
        (viewer is None or row["initiator_id"] == viewer)
        and (filter_.initiator_ids is None or row["initiator_id"] in filter_.initiator_ids)
        and (not filter_.session_ids or row["session_id"] in filter_.session_ids)
    )


def _has_values(row: dict[str, Any], filter_: Filter) -> bool:
    wanted = {
        "provider": filter_.providers,
        "provider_name": filter_.provider_names,
        "model": filter_.models,
        "client": filter_.clients,
        "outcome": filter_.outcomes,
        "error_type": filter_.error_types,
        "credential_kind": filter_.credential_kinds,
        "credential_type": filter_.credential_types,
    }
    return all(row[column] in values for column, values in wanted.items() if values)


def _in_use(rows: Iterable[dict[str, Any]], filter_: Filter) -> bool:
    starts = [row["started_at"] for row in rows]
    return (filter_.started_before is None or min(starts) <= filter_.started_before) and (
        filter_.started_after is None or max(starts) >= filter_.started_after
    )


def shown(session: ReadSession) -> dict[str, Any]:
    fields = {name: getattr(session, name) for name in ReadSession.__struct_fields__}
    sums = fields.pop("token_usage_summary")
    return fields | {
        "initiator": session.initiator.id,
        "tokens": [getattr(sums, name) for name in sums.__struct_fields__],
    }


@pytest.fixture(params=range(3))
async def records(request: pytest.FixtureRequest, store: Store, alice: UUID, bob: UUID) -> Records:
    found = Records(store, (alice, bob), request.param)
    await found.write(150)
    return found


async def test_lists_show_what_a_naive_reading_finds(records: Records, psql: Connection) -> None:
    await exact(psql)
    naive = await Naive.read(psql)
    reader = records.store.reader
    for _ in range(120):
        filter_, viewer = records.filter(), records.chance.choice((None, None, records.people[0]))
        keys = naive.session_keys(filter_, viewer)
        sessions, total = await reader.sessions_page(viewer, filter_, limit=1000)
        assert [shown(session) for session in sessions] == [naive.session(key) for key in keys], filter_
        assert total == len(keys)
        ids = naive.interceptions(filter_, viewer)
        offset = records.chance.randrange(4)
        rows, total = await reader.interceptions_page(viewer, filter_, limit=10, offset=offset)
        assert [row.id for row in rows] == ids[offset : offset + 10], filter_
        assert total == len(ids), filter_


async def test_every_page_goes_on_where_the_last_one_ended(records: Records, psql: Connection) -> None:
    naive, reader = await Naive.read(psql), records.store.reader
    seen: list[tuple[str, UUID]] = []
    cursor: dict[str, Any] = {}
    while True:
        page, total = await reader.sessions_page(None, Filter(), limit=7, **cursor)
        assert total == len(naive.sessions)
        if not page:
            break
        seen += [(session.id, session.initiator.id) for session in page]
        cursor = {"after_session": page[-1].id, "after_initiator": page[-1].initiator.id}
    assert seen == naive.session_keys(Filter(), None)
    walked: list[UUID] = []
    after = None
    while page_ := (await reader.interceptions_page(None, Filter(), limit=7, after=after))[0]:
        walked += [row.id for row in page_]
        after = page_[-1].id
    assert walked == naive.interceptions(Filter(), None)
    assert all(a != b for a, b in pairwise(walked))


async def test_a_session_of_too_many_combinations_and_tools_is_found_all_the_same(
    store: Store, psql: Connection, alice: UUID
) -> None:
    starts = [begun(alice, client_session_id="wide", model=f"m{n}") for n in range(130)]
    starts += [begun(alice, client_session_id="narrow", model="m7")]
    await store.write_begun(starts)
    for n, start in enumerate(starts):
        await store.write_finished([finished(start, tool_usages=(call(None, tool=f"t{n}"),))])
    assert await psql.fetchval("SELECT combination_set FROM aibridge_sessions WHERE session_id = 'wide'") == 0
    for filter_, ids in (
        (Filter(models=frozenset(["m7"])), {"wide", "narrow"}),
        (Filter(models=frozenset(["m8"])), {"wide"}),
        (Filter(tools=frozenset(["t129"])), {"wide"}),
        (Filter(tools=frozenset(["t130"])), {"narrow"}),
        (Filter(tools=frozenset(["t1", "t130"]), models=frozenset(["m7"])), {"wide", "narrow"}),
        (Filter(models=frozenset(["m8"]), tools=frozenset(["none"])), set()),
    ):
        page, total = await store.reader.sessions_page(None, filter_, limit=10)
        assert ({session.id for session in page}, total) == (ids, len(ids)), filter_


async def test_a_cursor_must_be_a_row_that_the_viewer_may_read(store: Store, alice: UUID, bob: UUID) -> None:
    starts = [begun(who, client_session_id=name) for who, name in ((alice, "shared"), (bob, "shared"), (bob, "his"))]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    reader = store.reader
    with pytest.raises(CursorAmbiguous):
        await reader.sessions_page(None, limit=1, after_session="shared")
    assert (await reader.sessions_page(None, limit=9, after_session="shared", after_initiator=bob))[1] == 3
    assert (await reader.sessions_page(alice, limit=9, after_session="shared")) == ([], 1)
    for refused in (
        {"after_session": "none"},
        {"after_session": "his"},
        {"after_session": "shared", "after_initiator": bob},
    ):
        with pytest.raises(CursorUnknown):
            await reader.sessions_page(alice, limit=1, **refused)
    for id_ in (new_id(), starts[1].id):
        with pytest.raises(CursorUnknown):
            await reader.interceptions_page(alice, limit=1, after=id_)


async def test_a_flood_of_sets_is_not_kept(store: Store, psql: Connection, alice: UUID) -> None:
    """A client that invents a model for each request makes its session's set grow: past 100 no set is put on record."""
    starts = [begun(alice, client_session_id="flood", model=f"m{n}") for n in range(140)]
    await store.write_begun(starts)
    for start in starts:
        await store.write_finished([finished(start)])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_combination_sets") == 100 * 101 // 2
