"""A seeded record to ask questions of: whose it is, and which values in it are common, rare and gone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import uvloop

from aibridge.store.embedded import EmbeddedPostgres
from bench.database import Database
from bench.gateway import Installation
from bench.processes import Cores

KEPT = "0"
"""The retention, for ever: two months are as long as a gateway keeps by default, and it would remove what is asked."""
LONG_AGO = timedelta(days=14)
"""A model not seen for so long is a retired one."""


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind, by how often they occur."""

    common: str
    rare: str


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks."""

    title: str
    username: str
    token: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the record."""

    interceptions: int
    sessions: int
    owner: str
    busiest: str
    """The member with the most interceptions."""
    median: str
    """A member with as many as half of the members have at most."""
    newest: datetime
    model: Values
    retired_model: str | None
    client: Values
    provider_name: Values
    tool: Values
    word: Values
    """Of those that stand in texts."""
    long_sessions: tuple[str, ...]
    """The one nearest to 1,000 interceptions and the longest, of those that have at least so many."""

    @property
    def lately(self) -> str:
        """A day before the end, as the grammar takes it."""
        return _written(self.newest - timedelta(days=1))

    @property
    def a_month_ago(self) -> str:
        """In the middle of the record."""
        return _written(self.newest - timedelta(days=30))


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A seeded database under a gateway that is to be started."""

    dsn: str
    server: str
    """Its version and settings."""
    log: Path | None
    """The server's, where it can be read."""
    installation: Installation
    cores: Cores
    facts: Facts
    viewers: tuple[Viewer, ...]


@contextmanager
def seeded(interceptions: int) -> Iterator[Record]:
    """A throw-away record of that size on a server of its own."""
    cores = Cores.of_this_machine()
    with tempfile.TemporaryDirectory(prefix="aibridge-bench-") as made:
        folder = Path(made)
        installation = Installation.of(folder, RETENTION=KEPT)
        installation.call("demo", "seed", "--interceptions", str(interceptions))  # on all cores
        with cores.left_free(), EmbeddedPostgres(folder / "data") as server:
            yield _look(server.dsn, server.log_file, installation, cores)


@contextmanager
def existing(dsn: str) -> Iterator[Record]:
    """The record behind an address. Tokens are made there, for people who are there already."""
    cores = Cores.of_this_machine()
    with tempfile.TemporaryDirectory(prefix="aibridge-bench-") as made, cores.left_free():
        yield _look(dsn, None, Installation.of(Path(made), DATABASE_URL=dsn, RETENTION=KEPT), cores)


def _look(dsn: str, log: Path | None, installation: Installation, cores: Cores) -> Record:
    facts = uvloop.run(_facts(dsn))
    viewers = (("owner", facts.owner), ("busiest member", facts.busiest), ("median member", facts.median))
    return Record(
        dsn=dsn,
        server=Database(dsn, 0).version(),
        log=log,
        installation=installation,
        cores=cores,
        facts=facts,
        viewers=tuple(
            Viewer(title=title, username=name, token=installation.call("tokens", "create", name, "--lifetime", "1d"))
            for title, name in viewers
        ),
    )


async def _facts(dsn: str) -> Facts:
    connection = await asyncpg.connect(dsn)
    try:
        people = await connection.fetch(
            """SELECT u.username, u.role, coalesce(sum(s.interceptions), 0) AS interceptions
            FROM users AS u LEFT JOIN aibridge_sessions AS s ON s.initiator_id = u.id WHERE u.status = 'active'
            GROUP BY u.id ORDER BY 3 DESC, 1"""
        )
        members = [each["username"] for each in people if each["role"] == "member"]
        last = await connection.fetch(
            """SELECT c.model, max(k.day) AS day FROM aibridge_interception_counts AS k
            JOIN aibridge_combinations AS c ON c.id = k.combination WHERE k.tool_set = 0 AND k.day > '-infinity'
            GROUP BY 1 ORDER BY sum(k.interceptions) DESC"""
        )
        newest = await connection.fetchval("SELECT max(started_at) FROM aibridge_interceptions")
        gone = [row["model"] for row in last if row["day"] < (newest - LONG_AGO).date()]
        return Facts(
            interceptions=sum(int(each["interceptions"]) for each in people),
            sessions=await connection.fetchval("SELECT count(*) FROM aibridge_sessions"),
            owner=next(each["username"] for each in people if each["role"] == "owner"),
            busiest=members[0],
            median=members[len(members) // 2],
            newest=newest,
            model=await _values(connection, "model"),
            retired_model=gone[0] if gone else None,
            client=await _values(connection, "client"),
            provider_name=await _values(connection, "provider_name"),
            tool=await _tools(connection),
            word=await _words(connection),
            long_sessions=await _long_sessions(connection),
        )
    finally:
        await connection.close()


async def _values(connection: "asyncpg.Connection[asyncpg.Record]", column: str) -> Values:
    return _ends(
        await connection.fetch(
            f"""SELECT {column} AS value FROM aibridge_interception_counts AS k
            JOIN aibridge_combinations AS c ON c.id = k.combination WHERE k.tool_set = 0 AND k.day = '-infinity'
            GROUP BY 1 ORDER BY sum(k.interceptions) DESC, 1"""  # noqa: S608 - names of columns from above
        )
    )


async def _tools(connection: "asyncpg.Connection[asyncpg.Record]") -> Values:
    return _ends(
        await connection.fetch(
            """SELECT t.tool AS value FROM aibridge_interception_counts AS k
            JOIN aibridge_tool_sets AS t ON t.id = k.tool_set WHERE k.day = '-infinity'
            GROUP BY 1 ORDER BY sum(k.interceptions) DESC, 1"""
        )
    )


async def _words(connection: "asyncpg.Connection[asyncpg.Record]") -> Values:
    return _ends(
        await connection.fetch(
            """SELECT w.value FROM (SELECT words FROM aibridge_search LIMIT 20000) AS s
            CROSS JOIN LATERAL unnest(string_to_array(btrim(s.words), ' ')) AS w (value) WHERE w.value ~ '^[a-z]{3,}$'
            GROUP BY 1 ORDER BY count(*) DESC, 1"""
        )
    )


def _ends(rows: "list[asyncpg.Record]") -> Values:
    return Values(common=rows[0]["value"], rare=rows[-1]["value"])


async def _long_sessions(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, ...]:
    found = await connection.fetch(
        "SELECT session_id FROM aibridge_sessions WHERE interceptions >= 1000 ORDER BY interceptions"
    )
    return tuple(dict.fromkeys(row["session_id"] for row in (found[:1] + found[-1:])))


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
