"""The bench of the lists: what it asks, what it reads from the server's log, what it says."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from bench.asking import Took
from bench.list_report import list_problems, list_tables
from bench.lists import Asked, Lists, measure
from bench.plans import count_plans, whole_readings
from bench.questions import Question, questions
from bench.record import Facts, existing, seeded
from bench.report import Report, markdown, write_into

LOG = """\
2026-11-23 01:07:03.603 UTC [13694] WARNING:  duration: 0.003 ms  plan:
\tQuery Text: SELECT 1 FROM aibridge_sessions
\tParallel Seq Scan on aibridge_sessions s  (cost=0.00..0.01 rows=1 width=4)
2026-11-23 01:07:03.745 UTC [13690] WARNING:  duration: 12.050 ms  plan:
\tNested Loop  (cost=0.15..2.37 rows=0 width=0)
\t  ->  Index Scan using aibridge_interceptions_newest on aibridge_interceptions i  (cost=0.15..2.37 rows=1 width=22)
\t  ->  Seq Scan on aibridge_combinations  (cost=0.00..0.01 rows=1 width=4)
"""


def asked(about: str = "sessions", **more: object) -> Asked:
    question = Question(about=about, path="/", budget=60)
    return msgspec.structs.replace(Asked(question=question, found=7, took={"owner": Took(10, 20)}, plans=4), **more)


def lists(*entries: Asked, interceptions: int = 20_000) -> Lists:
    return Lists(
        interceptions=interceptions, sessions=7, server="PostgreSQL 18", viewers=["owner"], asked=list(entries)
    )


def test_every_question_is_asked_once_and_is_a_path_that_can_be_sent(facts: Facts) -> None:
    every = list(questions(facts, "me"))
    assert len({question.about for question in every}) == len(every) > 60
    assert not any(re.search(r'[\s"]', question.path) for question in every)
    terms = [parse_qs(urlsplit(question.path).query).get("q", [""])[0] for question in every]
    assert 'client:"Claude Code"' in terms
    assert "lighthouse the" in terms
    assert 'tool:"Bash" started_after:"2026-10-21T12:00:00Z"' in terms


def test_questions_about_somebodys_session_are_not_for_members(facts: Facts) -> None:
    paths = [question.path for question in questions(facts, "me") if question.of_everyone]
    assert paths == [
        "/api/v2/aibridge/sessions/one%2Ftwo?limit=200",
        "/api/v2/aibridge/sessions/one%2Ftwo/search?q=the",
        "/api/v2/aibridge/sessions/three?limit=200",
        "/api/v2/aibridge/sessions/three/search?q=the",
    ]


def test_a_record_without_retired_models_and_long_sessions_is_asked_the_rest(facts: Facts) -> None:
    small = msgspec.structs.replace(facts, retired_model=None, long_sessions=())
    assert not [question for question in questions(small, "me") if "retired" in question.about or question.of_everyone]


def test_only_large_tables_that_are_read_whole_are_told() -> None:
    assert count_plans(LOG) == 2
    assert whole_readings(LOG) == {"aibridge_sessions"}


def test_the_report_shows_the_largest_record_and_the_growth_to_it() -> None:
    late = asked("interceptions", took={"owner": Took(50.4, 70.5)}, read_whole=["aibridge_sessions"])
    many = lists(asked(), late, interceptions=200_000)
    shown = "\n".join(list_tables([many, lists(asked())]))
    assert "### Lists over 200,000 interceptions in 7 sessions" in shown
    assert re.search(r"\| sessions +\| 10 / 20 \| +≤ 60 \| +7 \| +indexes \|", shown)
    assert re.search(
        r"\| interceptions +\| 50 / 70 \| +≤ 60 \*\*missed\*\* \| +7 \| +\*\*reads a table whole\*\* \|", shown
    )
    assert re.search(r"\| interceptions +\| +- \| +70 \|", shown)
    assert list_problems([many]) == ["interceptions: the server read aibridge_sessions from end to end"]
    assert list(list_tables([])) == list_problems([]) == []


def test_what_was_not_answered_and_not_seen_is_told() -> None:
    broken = asked(took={}, plans=0, found=None, problem="as owner: 404")
    assert list_problems([lists(broken)]) == [
        "20,000 interceptions, sessions: as owner: 404",
        "Plans were not seen: they are read from the log of a server of the bench's own.",
    ]


def test_lists_are_kept_apart_from_what_requests_cost(tmp_path: Path, report: Report) -> None:
    page = tmp_path / "page.md"
    marked = "<!-- {0}:begin -->\nold {0}\n<!-- {0}:end -->\n"
    page.write_text(marked.format("bench") + marked.format("lists"))
    report.lists.append(lists(asked()))
    write_into(page, report)
    assert "old bench" in page.read_text()
    assert "old lists" not in page.read_text()
    assert "### Lists over 20,000" in markdown(report)


def test_a_small_record_is_made_asked_and_its_plans_are_seen() -> None:
    said: list[str] = []
    with seeded(300) as record:
        made = measure(record, requests=2, tell=said.append)
    by_name = {entry.question.about: entry for entry in made.asked}
    assert made.interceptions == by_name["interceptions"].found == 300
    assert set(by_name["interceptions"].took) == set(made.viewers) == {"owner", "busiest member", "median member"}
    assert by_name["interceptions"].plans > 0
    assert said == [f"300 interceptions, as {title}" for title in made.viewers]


def test_a_server_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"connect|such file"), existing(f"postgresql://nobody@/nothing?host={tmp_path}"):
        pytest.fail("it was opened")
