"""Usage is what a look at every interception tells: for everyone and for one, under any filter, by anything."""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from aibridge.filters import Filter
from aibridge.records import UserStatus
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.usage import Bucket, By, Ranked, Sort, UsageAsked, UsageGroup, new_month
from support.inventing import WIDTH, Records
from support.rows import NOON, at, begun, call, finished, usage
from support.usage_told import expected, told
from support.usages import ended


def some_question(records: Records) -> UsageAsked:
    """Any, with bounds that fall on months, on days, on hours and between them."""
    chance = records.chance
    filter_ = records.filter()
    one_tool = frozenset(sorted(filter_.tools)[:1])
    start = records.moment() - timedelta(days=chance.choice((0, 3, 45)))
    start = chance.choice((start, start, new_month(start)))
    return UsageAsked(
        start=start,
        end=max(records.moment() + timedelta(days=chance.choice((1, 1, 40))), start + timedelta(minutes=1)),
        filter=Filter(
            initiator_ids=filter_.initiator_ids,
            providers=filter_.providers,
            provider_names=filter_.provider_names,
            models=filter_.models,
            clients=filter_.clients,
            outcomes=filter_.outcomes,
            tools=one_tool,
        ),
        bucket=chance.choice(list(Bucket)),
        by=chance.choice([None, *By]),
        sort=chance.choice(list(Sort)),
        limit=chance.choice([None, 1, 2, 3]),
    )


def listed(group: UsageGroup | Ranked) -> tuple[object, ...]:
    """What a list shows of a group."""
    return group.key, group.person, group.requests, group.tool_calls, group.cost_micros, group.unpriced


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_question(store: Store, alice: UUID, bob: UUID, psql: Connection, seed: int) -> None:
    """Some of it posted, some still in the journal."""
    records = Records(store, [alice, bob, (await store.people.create_user("eve")).id], seed)
    await records.write(150)
    await store.books.post(limit=40)
    await records.write(60)
    everything = (await ended(psql)).values()
    matched = 0
    for _ in range(60):
        asked, viewer = some_question(records), records.chance.choice([None, None, alice])
        answer = await store.reader.usage(viewer, asked)
        assert told(answer) == expected(everything, viewer, asked), asked
        matched += answer.totals.requests > 0
        if asked.by:
            ranked = (await store.reader.ranking(viewer, asked, asked.by))[asked.by]
            whole = await store.reader.usage(viewer, msgspec.structs.replace(asked, bucket=Bucket.NONE, limit=None))
            assert list(map(listed, ranked)) == list(map(listed, whole.groups))[: asked.limit], asked
        kinds = (By.MODEL, By.CLIENT, By.PROVIDER_NAME)
        together = await store.reader.ranking(viewer, asked, *kinds)
        assert together == {by: (await store.reader.ranking(viewer, asked, by))[by] for by in kinds}
    assert matched > 20


async def test_every_interception_of_a_time(store: Store, alice: UUID, bob: UUID, psql: Connection) -> None:
    """Unfiltered, by each key, in each bucket."""
    records = Records(store, [alice, bob], 9)
    await records.write(120)
    everything = (await ended(psql)).values()
    for posted in (False, True):
        for by in (None, *By):
            for bucket in Bucket:
                asked = UsageAsked(start=NOON - timedelta(days=1), end=NOON + WIDTH, by=by, bucket=bucket, limit=2)
                assert told(await store.reader.usage(None, asked)) == expected(everything, None, asked), (posted, asked)
        await store.books.post()


async def test_what_is_erased_stays_counted_under_an_id_without_a_name(store: Store, alice: UUID, bob: UUID) -> None:
    start = begun(alice, started_at=at(0))
    await store.write_begun([start])
    await store.write_finished([finished(start, token_usage=usage(), tool_usages=(call("c"),))])
    asked = UsageAsked(start=at(-3600), end=at(3600), by=By.USER)
    before = await store.reader.usage(None, asked)
    await store.keeping.begin_erasure(erasure := uuid4(), by="somebody", user_id=alice)
    while await store.keeping.erase_of_user(erasure, alice):
        pass
    await store.people.set_status(alice, UserStatus.DELETED)
    await store.keeping.anonymise(alice)
    after = await store.reader.usage(None, asked)
    assert after.totals == before.totals
    [group] = after.groups
    assert group.key == str(alice)
    assert group.person is not None
    assert group.person.username.startswith("erased-")


async def test_combinations_that_share_a_hash_count_once(store: Store, alice: UUID, psql: Connection) -> None:
    """Somebody may look for two names of models with one hash: figures do not double."""
    start = begun(alice, started_at=at(0), model="a")
    await store.write_begun([start])
    await store.write_finished([finished(start, token_usage=usage())])
    await psql.execute(
        "INSERT INTO aibridge_combinations SELECT id, provider, provider_name, 'b', client, outcome, error_type, "
        "credential_kind, credential_type FROM aibridge_combinations"
    )
    found = await store.reader.usage(None, UsageAsked(start=at(-3600), end=at(3600), by=By.MODEL))
    assert [(group.key, group.requests, group.active_users) for group in found.groups] == [("a", 1, 1)]
    assert found.totals.requests == 1
