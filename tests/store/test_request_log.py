"""The request log in few words: the same rows as the list, and never more of a value than a row shows."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from aibridge.filters import Filter
from aibridge.records import ErrorType, Outcome, Scope
from aibridge.store import activity
from aibridge.store.activity import ActivityStep, Steps
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.request_log import EXCERPT, FirstCall
from aibridge.texts import texts_of
from support.inventing import Records
from support.naive import Naive
from support.rows import NOON, at, begun, call, finished, prompt, usage

STEPS = Steps(timedelta(minutes=7), NOON)


async def test_it_lists_what_the_interceptions_list_lists(
    store: Store, psql: Connection, alice: UUID, bob: UUID
) -> None:
    records = Records(store, (alice, bob), 7)
    await records.write(120)
    naive = await Naive.read(psql)
    counted = await psql.fetch("SELECT interception_id, count(*) AS n FROM aibridge_token_usages GROUP BY 1")
    usages = {row["interception_id"]: row["n"] for row in counted}
    for row in naive.rows:
        row["usages"] = usages.get(row["id"], 0)
    tokens = {row["id"]: row["tokens"] for row in naive.rows}
    for _ in range(60):
        filter_, viewer = records.filter(), records.chance.choice((None, None, alice))
        ids = naive.interceptions(filter_, viewer)
        offset = 2 if len(ids) > 2 else 0
        log = await store.reader.request_log(viewer, filter_, limit=10, offset=offset, steps=STEPS)
        assert ([row.id for row in log.rows], log.total) == (ids[offset : offset + 10], len(ids)), filter_
        assert [[count or 0 for count in row.tokens.counts] for row in log.rows] == [tokens[row.id] for row in log.rows]
        assert log.activity == _naive_activity([row for row in naive.rows if row["id"] in ids])


def _naive_activity(rows: list[dict[str, Any]]) -> list[ActivityStep]:
    steps: dict[datetime, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        steps[STEPS.start + (row["started_at"] - STEPS.start) // STEPS.length * STEPS.length].append(row)
    return [
        ActivityStep(
            starts_at=starts_at,
            requests=len(those),
            failures=sum(row["outcome"] in {"failed", "truncated", "interrupted"} for row in those),
            unpriced=sum(row["usages"] > 0 for row in those),
            input_tokens=sum(row["tokens"][0] for row in those),
            output_tokens=sum(row["tokens"][1] for row in those),
            cache_read_input_tokens=sum(row["tokens"][2] for row in those),
            cache_write_input_tokens=sum(row["tokens"][3] for row in those),
            cost_micros=0,
        )
        for starts_at, those in sorted(steps.items())
    ]


async def test_an_offset_beyond_the_end_gives_the_last_page(store: Store, alice: UUID) -> None:
    starts = [begun(alice, started_at=at(n)) for n in range(5)]
    await store.write_begun(starts)
    await store.write_finished([finished(start) for start in starts])
    log = await store.reader.request_log(None, limit=2, offset=1000)
    assert [row.id for row in log.rows] == [starts[0].id]


async def test_matches_of_a_text_are_counted_no_further_than_is_asked(
    store: Store, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more, pages go on all the same, tell whether one follows, and their figures are of the newest."""
    starts = [begun(alice, started_at=at(60 * n), user_prompt=prompt("common")) for n in range(6)]
    await store.write_begun(starts)
    await store.write_finished([finished(each) for each in starts])
    monkeypatch.setattr(activity, "NEWEST", 2)
    newest = [start.id for start in reversed(starts)]
    common = Filter(text=texts_of("common"))
    for offset, reach in ((0, 3), (2, 5), (3, 6), (4, 6), (5, 6)):
        log = await store.reader.request_log(None, common, limit=2, offset=offset, steps=STEPS, up_to=3)
        assert ([row.id for row in log.rows], log.total, log.reach) == (newest[offset : offset + 2], 3, reach)
        assert (log.counted, sum(step.requests for step in log.activity)) == (2, 2)
    for up_to in (6, 7, None):
        log = await store.reader.request_log(None, common, limit=2, steps=STEPS, up_to=up_to)
        assert (len(log.rows), log.total, log.reach, log.counted) == (2, 6, None, 6), up_to
    beyond = await store.reader.request_log(None, common, limit=4, offset=100, up_to=3)
    assert ([row.id for row in beyond.rows], beyond.total, beyond.reach) == (newest[4:], 6, None)
    of_all = await store.reader.request_log(None, limit=2, up_to=3)
    assert (of_all.total, of_all.reach) == (6, None)


async def test_of_too_many_requests_the_newest_are_counted(
    store: Store, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever finds them: a filter, tools, or words."""
    starts = [begun(alice, started_at=at(60 * n), user_prompt=prompt("common")) for n in range(4)]
    await store.write_begun(starts)
    await store.write_finished([finished(each, tool_usages=(call(None, tool="Read"),)) for each in starts])
    monkeypatch.setattr(activity, "MOST", 3)
    monkeypatch.setattr(activity, "NEWEST", 2)
    for asked in (Filter(), Filter(tools=frozenset(("Read", "Bash"))), Filter(text=texts_of("common"))):
        log = await store.reader.request_log(None, asked, limit=2, steps=STEPS)
        assert (log.total, log.counted, sum(step.requests for step in log.activity)) == (4, 2, 2)
        assert log.activity[-1].starts_at <= at(180) < log.activity[-1].starts_at + STEPS.length
    monkeypatch.setattr(activity, "MOST", 4)
    log = await store.reader.request_log(None, limit=2, steps=STEPS)
    assert (log.counted, sum(step.requests for step in log.activity)) == (4, 4)


async def test_a_row_says_who_asked_what_and_which_tool_came_first(store: Store, alice: UUID) -> None:
    whose = await store.people.find_user(alice)
    assert whose
    await store.people.create_token(
        whose, id="t1", secret_sha256=bytes(32), name="laptop", scopes=[Scope.GATEWAY], expires_at=None
    )
    start = begun(alice, api_token_id="t1", user_prompt=prompt("tidy up"), client_session_id="s")
    await store.write_begun([start])
    calls = (
        call("c1", tool="Read", input='{"file_path":"a.py"}', created_at=at(1)),
        call("c2", tool="Bash", created_at=at(2)),
    )
    await store.write_finished([finished(start, tool_usages=calls, token_usage=usage(output_tokens=None))])
    log = await store.reader.request_log(alice, limit=5)
    (row,) = log.rows
    assert (log.total, log.activity) == (1, [])
    assert (row.initiator.username, row.token_name, row.session_id, row.prompt) == ("alice", "laptop", "s", "tidy up")
    assert row.first_call == FirstCall(tool="Read", input='{"file_path":"a.py"}', whole=True)
    assert (row.tool_calls, row.duration_us, row.outcome, row.status_code) == (2, 1_000_000, "completed", 200)
    assert row.tokens.counts == (100, None, 20, 10)


async def test_a_megabyte_argument_costs_a_row_no_more_than_its_beginning(store: Store, alice: UUID) -> None:
    start = begun(alice, user_prompt=prompt("é" * 1_000_000))
    await store.write_begun([start])
    large = '{"file_path":"x","content":"' + "y" * 1_000_000 + '"}'
    await store.write_finished([finished(start, tool_usages=(call("c1", tool="Write", input=large),))])
    (row,) = (await store.reader.request_log(None, limit=5)).rows
    assert row.prompt == "é" * EXCERPT
    assert row.first_call == FirstCall(tool="Write", input=large[:EXCERPT], whole=False)


@pytest.mark.parametrize("length", [EXCERPT, EXCERPT + 1])
async def test_whole_is_said_of_an_argument_that_just_fits(store: Store, alice: UUID, length: int) -> None:
    start = begun(alice)
    await store.write_begun([start])
    await store.write_finished([finished(start, tool_usages=(call("c1", input="y" * length),))])
    (row,) = (await store.reader.request_log(None, limit=5)).rows
    assert row.first_call
    assert row.first_call.whole == (length == EXCERPT)


async def test_a_side_request_shows_what_the_client_asked_for_by_itself(store: Store, alice: UUID) -> None:
    start = begun(alice, side_request=True, metadata={"side_prompt": "a title, please"})
    await store.write_begun([start])
    failure = {"error_type": ErrorType.TIMEOUT, "error_message": "no", "status_code": None}
    await store.write_finished([finished(start, outcome=Outcome.FAILED, **failure)])
    (row,) = (await store.reader.request_log(None, Filter(outcomes=frozenset(["failed"])), limit=5)).rows
    assert (row.side_request, row.prompt, row.status_code, row.error_message) == (True, "a title, please", None, "no")
    assert (row.first_call, row.tool_calls, row.tokens.counts) == (None, 0, (None, None, None, None))
