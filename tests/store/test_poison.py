"""Trap 27: a value the database refuses costs only itself; the batch can be split and its neighbours written."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from aibridge.errors import RowsRefused
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.rows import begun, call, finished, prompt, thought, usage


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return {"deep": value}


POISON_STARTS: dict[str, dict[str, Any]] = {
    "U+0000": {"model": "a\x00b"},
    "lone surrogate": {"model": "a\ud800b"},
    "257 characters of session id": {"client_session_id": "x" * 257},
    "U+0000 in metadata": {"metadata": {"a": "\x00"}},
    "U+0000 in the prompt": {"user_prompt": prompt("\x00")},
    "lone surrogate in the prompt": {"user_prompt": prompt("\ud800")},
    "20,000 levels": {"metadata": _deep(20_000)},
    "no hex": {"body_sha256_sent": "zz"},
}

POISON_ENDS: dict[str, dict[str, Any]] = {
    "65 bits": {"token_usage": usage(input_tokens=2**64)},
    "beyond JSON's integers": {"token_usage": usage(input_tokens=2**70)},
    "below zero": {"token_usage": usage(input_tokens=-1)},
    "half a token": {"token_usage": usage(input_tokens=1.5)},
    "U+0000 in a tool's input": {"tool_usages": (call("c", input="\x00"),)},
    "U+0000 in a thought": {"model_thoughts": (thought("\x00"),)},
    "a thought from nowhere": {"model_thoughts": (thought("hm", source=None),)},
    "12 KB of call id": {"tool_usages": (call("c" * 6_000 + "".join(map(chr, range(0x4E00, 0x5600)))),)},
    "an outcome of its own": {"outcome": "exploded"},
    "no such object": {"metadata": object()},
}


@pytest.mark.parametrize("poison", POISON_STARTS)
async def test_a_poisonous_start_is_refused_and_leaves_nothing(
    store: Store, alice: UUID, psql: Connection, poison: str
) -> None:
    good, bad = begun(alice), begun(alice, **POISON_STARTS[poison])
    with pytest.raises(RowsRefused):
        await store.write_begun([good, bad])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 0
    await store.write_begun([good])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_interceptions") == 1


@pytest.mark.parametrize("poison", POISON_ENDS)
async def test_a_poisonous_end_is_refused_and_leaves_nothing(
    store: Store, alice: UUID, psql: Connection, poison: str
) -> None:
    starts = [begun(alice, client_session_id="s") for _ in range(2)]
    await store.write_begun(starts)
    good = finished(starts[0], token_usage=usage())
    bad = msgspec.structs.replace(finished(starts[1]), **POISON_ENDS[poison])
    with pytest.raises(RowsRefused):
        await store.write_finished([good, bad])
    assert await psql.fetchval("SELECT count(*) FROM aibridge_sessions") == 0
    await store.write_finished([good])
    assert await psql.fetchval("SELECT interceptions FROM aibridge_sessions") == 1


async def test_the_greatest_counts_do_not_choke_their_session(store: Store, alice: UUID, psql: Connection) -> None:
    for _ in range(3):
        start = begun(alice, client_session_id="s")
        await store.write_begun([start])
        await store.write_finished([finished(start, token_usage=usage(input_tokens=2**63 - 1))])
    assert await psql.fetchval("SELECT input_tokens FROM aibridge_sessions") == 3 * (2**63 - 1)
