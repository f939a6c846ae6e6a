"""Usage is what a look at every interception tells: for everyone and for one, under any filter, by anything."""

from datetime import timedelta
from uuid import UUID

import pytest

from aibridge.filters import Filter
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.usage import Bucket, By, Sort, UsageAsked
from support.inventing import WIDTH, Records
from support.rows import NOON
from support.usage_told import expected, told
from support.usages import ended


def some_question(records: Records) -> UsageAsked:
    """Any, with bounds that fall on days, on hours and between them."""
    chance = records.chance
    filter_ = records.filter()
    one_tool = frozenset(sorted(filter_.tools)[:1])
    start = records.moment() - timedelta(days=chance.choice((0, 3)))
    return UsageAsked(
        start=start,
        end=max(records.moment() + timedelta(days=1), start + timedelta(minutes=1)),
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
