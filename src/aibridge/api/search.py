"""The grammar of `q`: terms apart by blanks, `key:value` or bare words, quotes around what holds a blank or a colon.

Pure text work: names of people are left to `initiators`. What is wrong is told all at once, each with its field.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from aibridge.filters import Filter
from aibridge.records import CredentialKind, CredentialType, ErrorType, Outcome

RECORD_KEYS = (
    "initiator",
    "provider",
    "provider_name",
    "model",
    "client",
    "session_id",
    "outcome",
    "error_type",
    "credential_kind",
    "credential_type",
    "tool",
    "started_after",
    "started_before",
)
"""What interceptions and sessions can be searched by."""

_CLOSED: Mapping[str, tuple[str, ...]] = {
    "outcome": tuple(Outcome),
    "error_type": tuple(ErrorType),
    "credential_kind": tuple(CredentialKind),
    "credential_type": tuple(CredentialType),
}
_FIELDS: Mapping[str, str] = {
    "provider": "providers",
    "provider_name": "provider_names",
    "model": "models",
    "client": "clients",
    "session_id": "session_ids",
    "outcome": "outcomes",
    "error_type": "error_types",
    "credential_kind": "credential_kinds",
    "credential_type": "credential_types",
    "tool": "tools",
}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
"""RFC 3339; in upper case."""
_EXAMPLE = '"2026-01-02T03:04:05Z"'


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with one term."""

    field: str
    detail: str


class SearchInvalid(Exception):
    """The query cannot be understood; every reason is told."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A query taken apart."""

    values: dict[str, list[str]]
    """By key, in lower case; each as it was written."""
    bare: str | None
    """The words that have no key, joined by blanks."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks for; `initiators` are still as they were written."""

    filter: Filter
    initiators: tuple[str, ...]


# ------------------------------------------------------------------ terms


def read_terms(q: str) -> Terms:
    """Take a query apart. Raises `SearchInvalid`."""
    elements = _elements(q)
    values: dict[str, list[str]] = {}
    bare = None
    for element in elements:
        if element[0] == ":" or element[-1] == ":":
            raise _wrong("q", f"Query element \"{element}\" cannot start or end with ':'")
        pieces = [_unquoted(piece) for piece in _split(element, ":") if piece]
        if len(pieces) > 2:  # noqa: PLR2004 - a key and a value
            raise _wrong("q", f"Query element \"{element}\" can only contain 1 ':'. Put the value into quotes.")
        if len(pieces) == 1:
            bare = pieces[0]
        else:
            values.setdefault(pieces[0].lower(), []).append(pieces[1])
    return Terms(values=values, bare=bare)


def _elements(q: str) -> list[str]:
    """Terms with a colon, in their order, then all other words as one."""
    if "\0" in q:
        raise _wrong("q", "Query holds U+0000, which nothing on record does")
    words = [word for word in _split(q, " ") if word]
    keyed = [word for word in words if ":" in word]
    bare = " ".join(word for word in words if ":" not in word)
    return [*keyed, bare] if bare else keyed


def _split(text: str, at: str) -> list[str]:
    """Split outside quotes, which stay. Raises `SearchInvalid` for a quote without its end."""
    parts, start, quoted, escaped = [], 0, False, False
    for index, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == at and not quoted:
            parts.append(text[start:index])
            start = index + 1
    if quoted:
        raise _wrong("q", 'Query has a quote (") without its end')
    return [*parts, text[start:]]


def _unquoted(piece: str) -> str:
    if len(piece) > 1 and piece[0] == piece[-1] == '"':
        return re.sub(r'\\(["\\])', r"\1", piece[1:-1])
    return piece


def _wrong(field: str, detail: str) -> SearchInvalid:
    return SearchInvalid([Wrong(field, detail)])


# ------------------------------------------------------------------ what they mean


def read_record_query(q: str) -> Query:
    """What a query on interceptions or sessions asks for. Raises `SearchInvalid`."""
    terms = read_terms(q)
    wrong = _unknown(terms, RECORD_KEYS)
    if terms.bare is not None:
        wrong.append(
            Wrong("q", f'No search key specified: "{terms.bare}". Texts cannot be searched yet, only key:value.')
        )
    for key, allowed in _CLOSED.items():
        wrong += [
            Wrong(key, f'Query param "{key}" has invalid value: "{value}" is none of {", ".join(allowed)}')
            for value in terms.values.get(key, ())
            if value not in allowed
        ]
    after, before = (_moment(terms, key, wrong) for key in ("started_after", "started_before"))
    if after and before and before <= after:
        wrong.append(
            Wrong(
                "started_before",
                'Query param "started_before" has invalid value: "started_before" must be after "started_after" if set',
            )
        )
    if wrong:
        raise SearchInvalid(wrong)
    values: dict[str, Any] = {
        field: frozenset(terms.values[key]) for key, field in _FIELDS.items() if key in terms.values
    }
    return Query(
        filter=Filter(started_after=after, started_before=before, **values),
        initiators=tuple(terms.values.get("initiator", ())),
    )


def read_prefix(q: str, key: str) -> str:
    """The prefix that a query on a list of values asks for: a bare word, or under `key`. Raises `SearchInvalid`."""
    terms = read_terms(q)
    wrong = _unknown(terms, (key,))
    given = [*terms.values.get(key, ()), *([terms.bare] if terms.bare is not None else ())]
    if len(given) > 1:
        wrong.append(Wrong(key, f'Query param "{key}" can be given once'))
    if wrong:
        raise SearchInvalid(wrong)
    return given[0] if given else ""


def _unknown(terms: Terms, keys: tuple[str, ...]) -> list[Wrong]:
    return [
        Wrong(key, f'Query param "{key}" is not known. Known are {", ".join(keys)}.')
        for key in terms.values
        if key not in keys
    ]


def _moment(terms: Terms, key: str, wrong: list[Wrong]) -> datetime | None:
    given = terms.values.get(key, [])
    if not given:
        return None
    moment = _read_moment(given[0])
    if len(given) > 1:
        wrong.append(Wrong(key, f'Query param "{key}" can be given once'))
    elif moment is None:
        wrong.append(
            Wrong(key, f'Query param "{key}" must be a valid date format, as {_EXAMPLE} (RFC 3339), not "{given[0]}"')
        )
    return moment


def _read_moment(text: str) -> datetime | None:
    text = text.upper()
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
