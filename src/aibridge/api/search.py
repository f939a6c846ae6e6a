"""What a query means: which keys each list knows, and which values they take. Nothing here does any I/O."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from aibridge.api.grammar import QueryRefused, Terms, Wrong, read_terms
from aibridge.filters import Filter
from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome
from aibridge.texts import Text, TextRefused, text_of, together

CLOSED: Mapping[str, tuple[str, ...]] = {
    "outcome": tuple(Outcome),
    "error_type": tuple(ErrorType),
    "credential_kind": tuple(CredentialKind),
    "credential_type": tuple(CredentialType),
}
"""Keys with a closed set of values."""

_EXACT: Mapping[str, str] = {
    "provider": "providers",
    "provider_name": "provider_names",
    "model": "models",
    "client": "clients",
    "session_id": "session_ids",
    **{key: f"{key}s" for key in CLOSED},
    "tool": "tools",
}
"""Keys whose values are compared as they are, and the filter's fields for them."""

AFTER, BEFORE = "started_after", "started_before"

RECORD_KEYS = ("initiator", *_EXACT, AFTER, BEFORE)
"""What interceptions and sessions can be searched by."""

NOTHING_ASKED = Wrong("q", "Write what to search for: words, phrases in double quotes, or beginnings such as migrat*")

MAX_INITIATORS = 100
"""Names are looked up one by one."""

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""A moment, in upper case."""
_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)
"""Two days within the ends of the calendar, where there are no records: code that counts days may step past a bound."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks of the record."""

    filter: Filter
    """Without its initiators."""
    initiators: tuple[str, ...]
    """As they are written: `me`, ids, names. Empty: anyone."""


def record_query(q: str) -> Query:
    """What a query on interceptions or sessions asks for. Raises `QueryRefused`."""
    terms = read_terms(q)
    initiators = tuple(dict.fromkeys(terms.values.get("initiator", ())))
    wrong = [
        *_unknown_keys(terms, RECORD_KEYS),
        *_outside_closed_sets(terms),
        *_too_many(initiators),
    ]
    text = _text(terms, wrong)
    window = _window(terms, wrong)
    if wrong:
        raise QueryRefused(wrong)
    values = {field: frozenset(terms.values[key]) for key, field in _EXACT.items() if key in terms.values}
    bounds = {key: min(max(moment, _FIRST), _LAST) for key, moment in window.items()}
    return Query(
        filter=msgspec.structs.replace(msgspec.convert(values | bounds, Filter), text=text), initiators=initiators
    )


def text_query(q: str) -> tuple[Text, ...]:
    """What a query searches for that knows no keys, at least one text. Raises `QueryRefused`."""
    terms = read_terms(q)
    wrong = [Wrong(key, f'Query param "{key}" is not known here: only texts are searched') for key in terms.values]
    text = _text(terms, wrong)
    if not text and not wrong:
        wrong.append(NOTHING_ASKED)
    if wrong:
        raise QueryRefused(wrong)
    return text


def prefix(q: str, key: str) -> str:
    """How the values shall begin that a query on a menu asks for: a bare word, or `key`. Raises `QueryRefused`."""
    terms = read_terms(q)
    given = [*terms.values.get(key, ()), *filter(None, [terms.words])]
    wrong = [*_unknown_keys(terms, (key,)), *_more_than_one(key, given)]
    if wrong:
        raise QueryRefused(wrong)
    return given[0] if given else ""


# ------------------------------------------------------------------ what can be wrong


def _invalid(key: str, why: str) -> Wrong:
    return Wrong(key, f'Query param "{key}" has invalid value: {why}')


def _unknown_keys(terms: Terms, known: Collection[str]) -> Iterator[Wrong]:
    for key in terms.values:
        if key not in known:
            yield Wrong(key, f'Query param "{key}" is not known here; known: {", ".join(known)}')


def _text(terms: Terms, wrong: list[Wrong]) -> tuple[Text, ...]:
    """The words without a key; what is wrong with them is added to the other reasons."""
    found = []
    for bare in terms.bare:
        try:
            found.append(text_of(bare.text, quoted=bare.quoted))
        except TextRefused as refused:
            wrong.append(Wrong("q", str(refused)))
    try:
        return together(found)
    except TextRefused as refused:
        wrong.append(Wrong("q", str(refused)))
        return ()


def _outside_closed_sets(terms: Terms) -> Iterator[Wrong]:
    for key, allowed in CLOSED.items():
        for value in terms.values.get(key, ()):
            if value not in allowed:
                yield _invalid(key, f'"{value}" is not one of {", ".join(allowed)}')


def _more_than_one(key: str, given: Collection[str]) -> Iterator[Wrong]:
    if len(given) > 1:
        yield Wrong(key, f'Query param "{key}" can be given only once')


def _too_many(initiators: Collection[str]) -> Iterator[Wrong]:
    if len(initiators) > MAX_INITIATORS:
        yield Wrong("initiator", f'Query param "initiator" can name at most {MAX_INITIATORS} people')


# ------------------------------------------------------------------ the window


def _window(terms: Terms, wrong: list[Wrong]) -> dict[str, datetime]:
    """The bounds that are given; what is wrong with them is added to the other reasons."""
    window: dict[str, datetime] = {}
    for key in (AFTER, BEFORE):
        wrong += _read_moment(terms, key, window)
    if len(window) == len((AFTER, BEFORE)) and window[BEFORE] <= window[AFTER]:
        wrong.append(_invalid(BEFORE, f'"{BEFORE}" must be after "{AFTER}" if set'))
    return window


def _read_moment(terms: Terms, key: str, window: dict[str, datetime]) -> Iterator[Wrong]:
    """Put a bound into the window, if there is one."""
    given = terms.values.get(key, [])
    yield from _more_than_one(key, given)
    for text in given[:1]:
        moment = _moment(text, up=key == AFTER)
        if moment is not None:
            window[key] = moment
        else:
            yield Wrong(
                key,
                f'Query param "{key}" must be a valid date format (RFC 3339 in double quotes, '
                f'such as {key}:"2026-01-02T03:04:05Z"): cannot read "{text}"',
            )


def _moment(text: str, *, up: bool) -> datetime | None:
    """A moment in UTC; what is finer than the record's microseconds is rounded into the window."""
    found = RFC_3339.fullmatch(text.upper())
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[0]).astimezone(UTC)
        finer = (found[1] or "")[7:].strip("0")
        return moment + timedelta(microseconds=1) if finer and up else moment
    except (ValueError, OverflowError):
        return None
