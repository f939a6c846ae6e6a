"""Searches beside a reading of every text: random words, filters and pages, what is indexed and what waits still."""

import json
import random
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from aibridge.filters import Filter
from aibridge.records import ErrorType, ModelAnswerRow, Outcome, ToolResultRow
from aibridge.store import searching, session_list
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from aibridge.store.request_log import RequestLog
from aibridge.store.session_list import SessionLog
from aibridge.texts import BLANKS, IDEOGRAPHS, TextRefused, text_of, texts_of, words_of
from support.naive import Naive
from support.reading_words import Said
from support.rows import at, begun, call, finished, new_id, prompt, thought

WORDS = (
    *("red", "build", "store/pool.py", "apply_patch", "readFile", "the", "v1.2.3", "naïve", "STRASSE", "Ünïcödé"),
    *("e-mail", "שלום", "مرحبا", "数据库", "カナ", "\N{ROCKET}launch", "a&b|c!(d)", ":*", "'quoted'", "<->", "x'y''z"),
    *("C:\\new\\table", "\\", '"', "%_", "$1", "@me", "#Bash", "|", "0b2cf0ae-54e1", "1e5f", "12e4f7", "l'été"),
    *("don\u2019t", "\u200d", "ﬁne", "ǅ"),
)
ASKED = (
    *WORDS,
    *("py", "pool", "pool.p*", "appl*", '"store pool"', '"pool store"', '"red build"', "BUILD", "strasse", "据"),
    *('"据 库"', "new", "table", "t*", "ta*", "bash", "nothing", "launch*", "é*", "12e4*", "y*z", "fai*", "a b"),
    *('"the the"', "quoted"),
)


class Talk:
    """Random texts in a random record."""

    def __init__(self, store: Store, people: Sequence[UUID], seed: int) -> None:
        self.store, self.people, self.chance = store, people, random.Random(seed)

    def said(self, most: int = 6) -> str:
        glue = self.chance.choice((" ", " ", "\n", "/", ", ", "\t"))
        return glue.join(self.chance.choice(WORDS) for _ in range(self.chance.randint(1, most)))

    async def write(self, count: int) -> None:
        chance = self.chance
        for n in range(count):
            start = begun(
                chance.choice(self.people),
                model=chance.choice(("m1", "m2")),
                started_at=at(n),
                client_session_id=chance.choice(("s1", "s2", "s3", None)),
                user_prompt=prompt(self.said(), at(n)) if chance.random() < 0.5 else None,
                tool_results=self.results(n),
            )
            failed = chance.random() < 0.2
            end = finished(
                start,
                tool_usages=tuple(
                    call(None, tool=chance.choice(("Bash", "apply_patch")), input=self.arguments())
                    for _ in range(chance.choice((0, 1, 2)))
                ),
                model_thoughts=tuple(thought(self.said()) for _ in range(chance.choice((0, 1, 2)))),
                model_answers=self.answers(n),
                outcome=Outcome.FAILED if failed else Outcome.COMPLETED,
                error_type=ErrorType.OVERLOADED if failed else None,
                error_message=f"failed: {self.said()}" if failed else None,
            )
            await self.store.write_begun([start])
            await self.store.write_finished([end])

    def results(self, n: int) -> tuple[ToolResultRow, ...]:
        if self.chance.random() < 0.7:
            return ()
        row = ToolResultRow(
            id=new_id(),
            created_at=at(n),
            provider_tool_call_id="c",
            content=self.said(),
            is_error=None,
            metadata={},
        )
        return (row,)

    def answers(self, n: int) -> tuple[ModelAnswerRow, ...]:
        if self.chance.random() < 0.7:
            return ()
        return (ModelAnswerRow(id=new_id(), created_at=at(n), content=self.said(), metadata={}),)

    def arguments(self) -> str:
        if self.chance.random() < 0.2:
            return self.said()
        return json.dumps({"command": self.said(), "n": [1, self.said()]}, ensure_ascii=False)

    def filter(self) -> Filter:
        chance = self.chance
        fields: dict[str, Any] = {"text": self.text()}
        if chance.random() < 0.2:
            fields["models"] = frozenset(["m1"])
        if chance.random() < 0.2:
            fields["tools"] = frozenset(["Bash"])
        if chance.random() < 0.2:
            fields["session_ids"] = frozenset(["s1", "s3"])
        if chance.random() < 0.2:
            fields["initiator_ids"] = frozenset([self.people[1]])
        if chance.random() < 0.2:
            fields["started_after"] = at(chance.randrange(60))
        return Filter(**fields)

    def text(self) -> Any:
        while True:
            try:
                found = texts_of(" ".join(self.chance.choice(ASKED) for _ in range(self.chance.choice((1, 1, 2, 3)))))
            except TextRefused:
                continue
            if found:
                return found


async def index_all(store: Store) -> None:
    while (await store.indexing.index_some()).more:
        pass


@pytest.fixture(params=range(3))
async def talk(request: pytest.FixtureRequest, store: Store, alice: UUID, bob: UUID) -> Talk:
    """Some is indexed, some waits."""
    found = Talk(store, (alice, bob), request.param)
    await found.write(50)
    await index_all(store)
    await found.write(30)
    return found


class Way(NamedTuple):
    """How common texts are found, whatever is common."""

    few: int
    """Interceptions, up to which a text is not common."""
    walked: int
    """How many sessions are asked one by one."""
    passed: int
    """How many interceptions are."""


WAYS = (Way(10_000, 1_000, 20_000), Way(0, 1_000, 1_000_000), Way(0, 1_000, 8), Way(0, 2, 0), Way(3, 0, 0))
"""As it is, and as in records that are a hundred thousand times as large."""


def take(way: Way, patched: pytest.MonkeyPatch) -> None:
    patched.setattr(session_list, "SHORT_WALK", way.walked)
    patched.setattr(searching, "COMMON", way.few)
    patched.setattr(searching, "LONG_WALK", way.passed)


async def test_lists_find_what_a_reading_of_every_text_finds(
    talk: Talk, psql: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await psql.fetchval("SELECT count(*) FROM aibridge_search") == 50
    naive, said, reader = await Naive.read(psql), await Said.read(psql), talk.store.reader
    hits = 0
    for n in range(150):
        if n == 120:
            await index_all(talk.store)
            assert await psql.fetchval("SELECT count(*) FROM aibridge_search") == 80
        filter_, viewer = talk.filter(), talk.chance.choice((None, None, talk.people[0]))
        holding = {id_ for id_ in said.words if said.holds(id_, filter_.text)}
        ids = [id_ for id_ in naive.interceptions(filter_, viewer) if id_ in holding]
        offset = talk.chance.randrange(3)
        keys = [
            key for key in naive.session_keys(filter_, viewer) if holding & {row["id"] for row in naive.sessions[key]}
        ]
        whose = talk.chance.choice(talk.people)
        monkeypatch.setattr(searching, "SHORT_SESSION", talk.chance.choice((0, 2_000)))
        steps = await reader.steps_holding("s1", whose, None, filter_.text)
        of_session = sorted(naive.sessions.get(("s1", whose), ()), key=lambda row: (row["started_at"], row["id"]))
        assert steps == [row["id"] for row in of_session if row["id"] in holding], filter_
        for way in WAYS if n % 2 else WAYS[:1]:
            with monkeypatch.context() as patched:
                take(way, patched)
                rows, total = await reader.interceptions_page(viewer, filter_, limit=10, offset=offset)
                assert (total, [row.id for row in rows]) == (len(ids), ids[offset : offset + 10]), (filter_, way)
                sessions, total = await reader.sessions_page(viewer, filter_, limit=2, offset=offset)
                found = [(one.id, one.initiator.id) for one in sessions]
                assert (total, found) == (len(keys), keys[offset : offset + 2]), (filter_, way)
                patched.setattr(searching, "GATHERED", talk.chance.choice((2, 10, 50_000)))
                up_to = talk.chance.choice((1, 3, 10))
                log = await reader.request_log(viewer, filter_, limit=2, offset=offset, up_to=up_to)
                listed = await reader.session_log(viewer, filter_, limit=2, offset=offset, up_to=up_to)
                assert is_page(log, ids, offset, up_to), (filter_, way)
                assert is_session_page(listed, keys, offset), (filter_, way)
        hits += bool(ids)
    assert hits > 50


def is_page(log: RequestLog, ids: Sequence[UUID], offset: int, up_to: int) -> bool:
    """Whether these are the rows, and the total is exact, or says that there are more."""
    shown = [row.id for row in log.rows] == ids[offset : offset + 2] or offset >= len(ids)
    if log.reach is None:
        return shown and log.total == len(ids)
    return shown and log.total == up_to < len(ids) and log.reach == min(offset + 3, len(ids))


def is_session_page(log: SessionLog, keys: Sequence[tuple[str, UUID]], offset: int) -> bool:
    """The same of sessions."""
    shown = [(row.id, row.initiator.id) for row in log.rows] == keys[offset : offset + 2]
    if log.reach is None:
        return shown and log.total == len(keys)
    return shown and log.reach == offset + 3 <= log.total <= len(keys)


async def test_letters_are_the_same_in_the_database_and_in_queries(psql: Connection) -> None:
    """For every letter that there is: whether it is part of a word, or a word."""
    rows = await psql.fetch(
        "SELECT n, aibridge_words('a' || chr(n) || 'b') AS words FROM generate_series(1, 1114111) AS n "
        "WHERE n NOT BETWEEN 55296 AND 57343"
    )
    assert [row["n"] for row in rows if row["words"].count(" ") + 1 != len(words_of(f"a{chr(row['n'])}b"))] == []
    definition = await psql.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'aibridge_words'")
    assert IDEOGRAPHS in definition
    assert BLANKS in "".join(line.strip(" '") for line in definition.splitlines())


async def test_a_long_word_is_found_by_its_beginning_and_by_itself(store: Store, alice: UUID) -> None:
    start = begun(alice, user_prompt=prompt("before " + "Qx" * 5000 + " after"))
    await store.write_begun([start])
    await store.write_finished([finished(start)])
    for asked in ("Qx" * 5000, "qx" * 60, "qxq*", '"before ' + "qx" * 99 + ' after"'):
        assert (await store.reader.interceptions_page(None, Filter(text=texts_of(asked)), limit=1))[1] == 1
    assert (await store.reader.interceptions_page(None, Filter(text=(text_of("qx"),)), limit=1))[1] == 0


async def test_a_search_says_where_it_found_what(talk: Talk, psql: Connection) -> None:
    """Every text that holds one of the words is told, with them marked, newest first."""
    said, naive, reader = await Said.read(psql), await Naive.read(psql), talk.store.reader
    shown = 0
    for _ in range(40):
        text, viewer = talk.text(), talk.chance.choice((None, talk.people[0]))
        holding = {id_ for id_ in said.words if said.holds(id_, text)}
        ids = [id_ for id_ in naive.interceptions(Filter(), viewer) if id_ in holding]
        found = await reader.search(viewer, Filter(text=text), limit=7)
        assert (found.total, [match.interception_id for match in found.results]) == (len(ids), ids[:7])
        for match in found.results:
            places = {(place.found_in.value, place.item_id) for place in match.places}
            assert places == set().union(*(said.found_in(match.interception_id, one) for one in text)), text
            assert all(any(piece.match for piece in place.excerpt.pieces) for place in match.places)
            shown += 1
        if ids:
            rest = await reader.search(viewer, Filter(text=text), limit=7, after=ids[0])
            assert [match.interception_id for match in rest.results] == ids[1:8]
    assert shown > 20


async def test_in_one_session_step_by_step(store: Store, psql: Connection, alice: UUID, bob: UUID) -> None:
    """A word that stands only in a thought, a tool input or an error; nobody else's session of that id."""
    starts = [begun(who, client_session_id="s", started_at=at(n)) for n, who in enumerate((alice, alice, bob, alice))]
    await store.write_begun(starts)
    ends: list[dict[str, Any]] = [
        {"model_thoughts": (thought("The needle is here."), thought("nothing"))},
        {"tool_usages": (call("c", tool="needle_case", input='{"a":"x\\nneedle"}'),)},
        {"model_thoughts": (thought("needle of Bob"),)},
        {"outcome": Outcome.FAILED, "error_type": ErrorType.TIMEOUT, "error_message": "no needle in time"},
    ]
    await store.write_finished([finished(start, **end) for start, end in zip(starts, ends, strict=True)])
    text = texts_of("NEEDLE")
    for _ in range(2):
        found = await store.reader.search_session(alice, "s", None, text, limit=2)
        assert found
        assert found.total == 3
        assert [[place.found_in for place in match.places] for match in found.results] == [
            ["thought"],
            ["tool", "tool_input"],
        ]
        excerpts = [[(piece.text, piece.match) for piece in match.places[-1].excerpt.pieces] for match in found.results]
        assert excerpts == [
            [("The ", False), ("needle", True), (" is here.", False)],
            [('{"a":"x\\n', False), ("needle", True), ('"}', False)],
        ]
        rest = await store.reader.search_session(alice, "s", None, text, limit=9, after=starts[1].id)
        assert rest
        assert [(match.interception_id, match.places[0].found_in) for match in rest.results] == [
            (starts[3].id, "error")
        ]
        for viewer, initiator in ((bob, alice), (bob, UUID(int=1))):
            assert await store.reader.search_session(viewer, "s", initiator, text, limit=9) is None
        assert (await store.reader.search_session(bob, "s", None, text, limit=9) or rest).total == 1
        await index_all(store)
