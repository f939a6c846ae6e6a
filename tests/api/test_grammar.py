"""The grammar of `q`, without anything around it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibridge.api.grammar import QueryRefused, quoted, read_terms
from aibridge.api.search import CLOSED, RECORD_KEYS, prefix, record_query
from aibridge.filters import EVERYTHING

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def refused(q: str) -> list[tuple[str, str]]:
    """The fields and details of a refused query."""
    with pytest.raises(QueryRefused) as refusal:
        record_query(q)
    return [(reason.field, reason.detail) for reason in refusal.value.reasons]


@pytest.mark.parametrize("q", ["", " ", "  \t\n ", '""'])
def test_nothing_asked_is_no_filter(q: str) -> None:
    assert record_query(q).filter == EVERYTHING
    assert prefix(q, "model") == ""


@pytest.mark.parametrize(
    ("q", "values", "bare"),
    [
        ("model:gpt-5", {"model": ["gpt-5"]}, ""),
        ("  Model:GPT-5  ", {"model": ["GPT-5"]}, ""),
        ("model:a model:b client:c", {"model": ["a", "b"], "client": ["c"]}, ""),
        ('client:"Claude Code"', {"client": ["Claude Code"]}, ""),
        ('"client":"Claude Code"', {"client": ["Claude Code"]}, ""),
        ('"client:Claude Code"', {}, "client:Claude Code"),
        ('session_id:"a:b c"', {"session_id": ["a:b c"]}, ""),
        (r'session_id:"say \"hi\" \\ there"', {"session_id": ['say "hi" \\ there']}, ""),
        (r'session_id:"C:\temp"', {"session_id": [r"C:\temp"]}, ""),
        (r"session_id:C\temp", {"session_id": [r"C\temp"]}, ""),
        ('model:a"b c"d', {"model": ["ab cd"]}, ""),
        ("one model:m two", {"model": ["m"]}, "one two"),
        ('one   "two three"', {}, "one two three"),
        ("model:ä/%?&=#\N{ROCKET}", {"model": ["ä/%?&=#\N{ROCKET}"]}, ""),
        ("model:a\u00a0b", {"model": ["a\u00a0b"]}, ""),
    ],
)
def test_terms(q: str, values: dict[str, list[str]], bare: str) -> None:
    """Keys in lower case, values as they are; quotes keep blanks and colons; bare words come together."""
    terms = read_terms(q)
    assert (terms.values, terms.words) == (values, bare)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_every_value_can_be_written(value: str) -> None:
    """Quoted, whatever a client calls its session."""
    assert read_terms(f"session_id:{quoted(value)} model:x").values == {"session_id": [value], "model": ["x"]}


@given(st.text(st.sampled_from('a: "\\\tZ\0é')))
def test_whatever_is_typed_is_understood_or_refused(q: str) -> None:
    """Nothing else may come of it."""
    with suppress(QueryRefused):
        record_query(q)


@pytest.mark.parametrize(
    ("q", "field", "words"),
    [
        (":x", "q", "Query element \":x\" cannot start or end with ':'"),
        ("model:", "q", "Query element \"model:\" cannot start or end with ':'"),
        (":", "q", "Query element \":\" cannot start or end with ':'"),
        ("model:a:b", "q", "Query element \"model:a:b\" can only contain 1 ':'"),
        ("model::b", "q", "can only contain 1 ':'"),
        ("started_after:2026-01-02T03:04:05Z", "q", "put the value into double quotes"),
        ('model:""', "model", "empty value"),
        ('"":x', "q", "empty key"),
        ('model:"a', "q", "double quote without its end"),
        ("model:a\0b", "q", "U+0000"),
        ("colour:red", "colour", "known: initiator, provider,"),
        ("outcome:lost", "outcome", "completed, failed, cancelled, truncated, interrupted"),
        ("outcome:Failed", "outcome", '"Failed" is not one of'),
        ("error_type:x", "error_type", "rate_limited"),
        ("credential_kind:x", "credential_kind", "centralized, byok"),
        ("credential_type:x", "credential_type", "api_key, subscription"),
        ("model:a ... two", "q", '"..." holds no letter and no digit'),
        ("a*", "q", "at least 2 letters must come before *"),
        ("*word*", "q", "write word*"),
        (" ".join(f"w{n}" for n in range(51)), "q", "at most 50 words"),
        ("started_after:INVALID", "started_after", 'Query param "started_after" must be a valid date format'),
        ("started_before:INVALID", "started_before", 'cannot read "INVALID"'),
        ('started_after:"2026-01-02"', "started_after", "valid date format"),
        ('started_after:"2026-01-02T03:04:05"', "started_after", "valid date format"),
        ('started_after:"2026-02-30T03:04:05Z"', "started_after", "valid date format"),
        ('started_after:"2026-01-02T03:04:60Z"', "started_after", "valid date format"),
        ('started_after:"2026-01-02 03:04:05Z"', "started_after", "valid date format"),
        ('started_after:"2026-01-02T03:04:05 02:00"', "started_after", "valid date format"),
        ('started_after:"0001-01-01T00:00:00+01:00"', "started_after", "valid date format"),
        ('started_after:"9999-12-31T23:59:59.9999999Z"', "started_after", "valid date format"),
        ('started_after:"٢٠٢٦-01-02T03:04:05Z"', "started_after", "valid date format"),
        (f'started_after:"{MOMENT}" started_after:"{MOMENT}"', "started_after", "only once"),
    ],
)
def test_what_cannot_be_understood(q: str, field: str, words: str) -> None:
    """The field is named, and the way out."""
    reasons = refused(q)
    assert reasons[0][0] == field
    assert words in reasons[0][1]


def test_a_window_that_ends_before_it_begins() -> None:
    """Neither may both bounds be one moment."""
    for before in ("2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2020-01-01T00:00:00Z"):
        assert refused(f'started_after:"2026-01-02T03:04:05Z" started_before:"{before}"') == [
            (
                "started_before",
                'Query param "started_before" has invalid value: "started_before" must be after "started_after" if set',
            )
        ]


def test_every_reason_is_told_at_once() -> None:
    q = "outcome:lost colour:red started_after:never ..."
    assert [field for field, _ in refused(q)] == ["colour", "outcome", "q", "started_after"]
    assert [field for field, _ in refused("a:b:c :x model:a")] == ["q", "q"]


@pytest.mark.parametrize(
    ("text", "after", "before"),
    [
        ("2026-01-02T03:04:05Z", MOMENT, MOMENT),
        ("2026-01-02t03:04:05z", MOMENT, MOMENT),
        ("2026-01-02T05:04:05+02:00", MOMENT, MOMENT),
        ("2026-01-02T03:04:05.000001Z", MOMENT + timedelta(microseconds=1), MOMENT + timedelta(microseconds=1)),
        ("2026-01-02T03:04:05.000000001Z", MOMENT + timedelta(microseconds=1), MOMENT),
        ("2026-01-02T03:04:05.000000000Z", MOMENT, MOMENT),
    ],
)
def test_moments(text: str, after: datetime, before: datetime) -> None:
    """RFC 3339 in any zone; what is finer than a microsecond never lets in what is outside."""
    assert record_query(f'started_after:"{text}"').filter.started_after == after
    assert record_query(f'started_before:"{text}"').filter.started_before == before


def test_the_ends_of_the_calendar_can_be_counted_from() -> None:
    """A day more or less is still a day."""
    found = record_query('started_after:"0001-01-01T00:00:00Z" started_before:"9999-12-31T23:59:59Z"').filter
    assert found.started_after
    assert found.started_before
    assert found.started_after - timedelta(days=1) < found.started_before + timedelta(days=1)


def test_every_key_reaches_its_filter() -> None:
    closed = " ".join(f"{key}:{value}" for key, values in CLOSED.items() for value in values)
    query = record_query(f"provider:p provider_name:n model:m client:c session_id:s tool:t initiator:me {closed}")
    asked = query.filter
    exact = (asked.providers, asked.provider_names, asked.models, asked.clients, asked.session_ids, asked.tools)
    assert [set(values) for values in exact] == [{"p"}, {"n"}, {"m"}, {"c"}, {"s"}, {"t"}]
    assert (len(asked.outcomes), len(asked.error_types)) == (5, 7)
    assert (len(asked.credential_kinds), len(asked.credential_types)) == (2, 2)
    assert query.initiators == ("me",)
    assert asked.initiator_ids is None
    assert len(RECORD_KEYS) == 13


def test_a_hundred_people_can_be_named() -> None:
    """Each once, however often they are."""
    names = [f"initiator:p{number}" for number in range(100)]
    assert len(record_query(" ".join(names * 2)).initiators) == 100
    assert refused(" ".join([*names, "initiator:me"])) == [
        ("initiator", 'Query param "initiator" can name at most 100 people')
    ]


def test_a_prefix_is_a_bare_word_or_a_value() -> None:
    assert prefix("gpt-", "model") == prefix("model:gpt-", "model") == "gpt-"
    assert prefix('"Claude C"', "client") == prefix("Claude C", "client") == "Claude C"


@pytest.mark.parametrize(("q", "field"), [("a model:b", "model"), ("model:a model:b", "model"), ("client:x", "client")])
def test_one_prefix_at_a_time(q: str, field: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        prefix(q, "model")
    assert [reason.field for reason in refusal.value.reasons] == [field]
