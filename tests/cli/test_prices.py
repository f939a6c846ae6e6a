"""`aibridge prices` and `aibridge reprice`."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.rollups import exact
from support.rows import begun, finished, usage
from support.terminal import Terminal

SONNET = ("Claude-Sonnet-X", "--provider", "anthropic")


@pytest.fixture
def terminal(tmp_path: Path, database: str) -> Terminal:
    return Terminal(tmp_path, DATABASE_URL=database)


def listed(terminal: Terminal) -> list[list[str]]:
    """Without who set them and when."""
    return [line.split("\t")[:-2] for line in terminal.read("prices", "list").splitlines()]


async def test_a_price_is_set_listed_and_removed(terminal: Terminal, store: Store) -> None:
    assert listed(terminal) == []
    rates = ("--input", "3", "--output", "$15", "--cache-read", "0.3", "--cache-write", "3.75", "--cache-write-1h", "6")
    assert terminal.read("prices", "set", *SONNET, *rates) == ""
    assert listed(terminal) == [["anthropic", "claude-sonnet-x", "-", "0", "3", "15", "0.3", "3.75", "6"]]
    [price] = await store.prices.all()
    assert "@" in price.set_by
    terminal.read("prices", "remove", "claude-sonnet-x", "--provider", "anthropic")
    assert listed(terminal) == []
    assert terminal.call("prices", "remove", *SONNET).err == "aibridge: There is no such price.\n"


def test_long_contexts_have_rates_of_their_own_and_prices_their_days(terminal: Terminal) -> None:
    later = (*SONNET, "--since", "2026-03-01")
    terminal.read("prices", "set", *SONNET, "--input", "3")
    terminal.read("prices", "set", *later, "--input", "4")
    terminal.read("prices", "set", *later, "--input", "8", "--above", "200000")
    terminal.read("prices", "set", *later, "--input", "5")
    terminal.read("prices", "set", "deployed", "--provider-name", "azure-eu", "--output", "0")
    assert [line[:6] for line in listed(terminal)] == [
        ["anthropic", "claude-sonnet-x", "-", "0", "3", "-"],
        ["anthropic", "claude-sonnet-x", "2026-03-01T00:00:00Z", "0", "5", "-"],
        ["anthropic", "claude-sonnet-x", "2026-03-01T00:00:00Z", "200000", "8", "-"],
        ["azure-eu", "deployed", "-", "0", "-", "0"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("m", "--input", "3"), "either --provider TYPE or --provider-name NAME"),
        (("m", "--provider", "openai", "--provider-name", "x", "--input", "3"), "either --provider TYPE"),
        (("m", "--provider", "google", "--input", "3"), "--provider must be one of anthropic, openai, copilot"),
        (("m", "--provider", "openai"), "Say at least one price"),
        (("m", "--provider", "openai", "--input", "-3"), "--input must be dollars"),
        (("m", "--provider", "openai", "--output", "cheap"), "--output must be dollars"),
        (("m", "--provider", "openai", "--cache-read", "0.0000001"), "--cache-read must be dollars"),
        (("m", "--provider", "openai", "--input", "nan"), "--input must be dollars"),
        (("m", "--provider", "openai", "--input", "3", "--since", "yesterday"), "--since must be a day"),
        (("m", "--provider", "openai", "--input", "3", "--since", "2026-01-31T10:00:00"), "--since must be a day"),
        (("m", "--provider", "openai", "--input", "3", "--above", "200000"), "Set the price of small contexts first"),
        (("", "--provider", "openai", "--input", "3"), "is not a valid model name"),
    ],
)
async def test_what_is_no_price_is_refused(
    terminal: Terminal, store: Store, arguments: tuple[str, ...], said: str
) -> None:
    ended = terminal.call("prices", "set", *arguments)
    assert (ended.status, ended.out) == (1, "")
    assert said in ended.err
    assert await store.prices.all() == []


async def test_the_record_is_priced_anew_once_tried_and_then_done(
    terminal: Terminal, store: Store, psql: Connection, alice: UUID
) -> None:
    start = begun(alice, model="in-house", started_at=datetime(2026, 5, 4, tzinfo=UTC))
    await store.write_begun([start])
    await store.write_finished([finished(start, token_usage=usage())])
    terminal.read("prices", "set", "in-house", "--provider", "anthropic", "--input", "1", "--output", "2")
    asked = ("reprice", "--from", "2026-05-04", "--to", "2026-05-05")
    tried = dict(line.split("\t") for line in terminal.read(*asked, "--dry-run").splitlines())
    assert (tried["changed"], tried["dollars before"], tried["dollars afterwards"]) == ("1", "0", "0.0002")
    assert await psql.fetchval("SELECT cost_micros FROM aibridge_token_usages") is None
    terminal.read(*asked, "--model", "another")
    assert await psql.fetchval("SELECT cost_micros FROM aibridge_token_usages") is None
    terminal.read(*asked)
    assert await psql.fetchval("SELECT cost_micros FROM aibridge_token_usages") == 200
    await exact(psql)
    again = dict(line.split("\t") for line in terminal.read(*asked).splitlines())
    assert (again["changed"], again["interceptions read"], again["dollars before"]) == ("0", "1", "0.0002")


def test_a_window_that_holds_nothing_is_refused(terminal: Terminal) -> None:
    ended = terminal.call("reprice", "--from", "2026-05-05", "--to", "2026-05-04")
    assert ended.err == "aibridge: --from must come before --to.\n"
