"""What is asked of the lists, and how long an answer may take."""

from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from bench.record import Facts

ROOT = "/api/v2/aibridge"
UNFILTERED, SINGLE, TWO, MIDDLE, SESSION, MENU, RARE_WORD, COMMON_WORD = 60, 100, 200, 200, 100, 15, 200, 500
USAGE = 100
"""Budgets in ms, for 95 of 100 answers."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    about: str
    path: str
    budget: int | None
    """ms."""
    of_everyone: bool = False
    """Members cannot ask it: it is about somebody's session."""


def questions(facts: Facts, person: str) -> Iterator[Question]:
    """All of them, with values from the record; `person` is the one whose record is asked for by name."""
    yield from _list("sessions", facts, facts.sessions, person)
    for steps, session_id in zip(("1,000", "the most"), facts.long_sessions, strict=False):
        path = f"{ROOT}/sessions/{quote(session_id, safe='')}?limit=200"
        budget = SESSION if steps == "1,000" else None
        about = f"a session of {steps} interceptions"
        yield Question(about=about, path=path, budget=budget, of_everyone=True)
        path = f"{ROOT}/sessions/{quote(session_id, safe='')}/search?q={facts.word.common}"
        yield Question(about=f"{about}, a common word", path=path, budget=SESSION, of_everyone=True)
    yield from _list("interceptions", facts, facts.interceptions, person)
    yield from _texts(facts)
    yield from _usage(facts, person)
    for menu, prefix in (("models", facts.model.common), ("clients", "C"), ("providers", facts.provider_name.common)):
        yield Question(about=menu, path=f"{ROOT}/{menu}", budget=MENU)
        yield Question(about=f"{menu}, by prefix", path=f"{ROOT}/{menu}?q={quote(prefix[:3])}", budget=MENU)


def _texts(facts: Facts) -> Iterator[Question]:
    rare, common = facts.word.rare, facts.word.common
    for name in ("search", "interceptions", "sessions"):
        for about, text, budget in (
            ("a rare word", rare, RARE_WORD),
            ("a common word", common, COMMON_WORD),
            ("both", f"{rare} {common}", RARE_WORD),
            ("beginning of a rare word", f"{rare[:-1]}*", RARE_WORD),
            ("a common word of a model", f"{common} {_term('model', facts.model.common)}", COMMON_WORD),
        ):
            yield Question(about=f"{name}, {about}", path=f"{ROOT}/{name}?q={quote(text)}", budget=budget)


def _usage(facts: Facts, person: str) -> Iterator[Question]:
    """Over thirty days, as pages and reports ask for it."""
    path = f"{ROOT}/usage?from={quote(facts.a_month_ago)}"
    yield Question(about="usage, by day", path=path, budget=USAGE)
    for by in ("user", "model", "client", "provider", "provider_name", "tool"):
        yield Question(about=f"usage, by day and {by}", path=f"{path}&by={by}&limit=5", budget=USAGE)
    yield Question(about="usage, by user", path=f"{path}&bucket=none&by=user", budget=USAGE)
    for about, term in (("one person's", f"initiator:{person}"), ("one model's", _term("model", facts.model.common))):
        yield Question(about=f"usage, {about}, by day", path=f"{path}&q={quote(term)}", budget=USAGE)
    for by in ("model", "user"):
        yield Question(about=f"usage, by hour and {by}", path=f"{path}&bucket=hour&by={by}&limit=5", budget=None)


def _list(name: str, facts: Facts, size: int, person: str) -> Iterator[Question]:
    path = f"{ROOT}/{name}"
    yield Question(about=name, path=path, budget=UNFILTERED)
    yield Question(about=f"{name}, from the middle", path=f"{path}?offset={size // 2}", budget=MIDDLE)
    for conditions, budget in ((_single(facts, person), SINGLE), (_two(facts), TWO)):
        for about, terms in conditions:
            yield Question(about=f"{name}, {about}", path=f"{path}?q={quote(terms)}", budget=budget)


def _single(facts: Facts, person: str) -> Iterator[tuple[str, str]]:
    yield "one person's", f"initiator:{person}"
    yield "provider", "provider:anthropic"
    for key, values in (("provider_name", facts.provider_name), ("model", facts.model), ("client", facts.client)):
        yield f"{key}, common", _term(key, values.common)
        yield f"{key}, rare", _term(key, values.rare)
    if facts.retired_model:
        yield "model, retired", _term("model", facts.retired_model)
    yield "outcome failed", "outcome:failed"
    yield "error_type", "error_type:overloaded"
    yield "credential_kind", "credential_kind:byok"
    yield "credential_type", "credential_type:subscription"
    yield "tool, common", _term("tool", facts.tool.common)
    yield "tool, rare", _term("tool", facts.tool.rare)
    yield "started_after, a day", f"started_after:{_quoted(facts.lately)}"
    yield "started_after, a month", f"started_after:{_quoted(facts.a_month_ago)}"
    yield "started_before, a month ago", f"started_before:{_quoted(facts.a_month_ago)}"


def _two(facts: Facts) -> Iterator[tuple[str, str]]:
    month, day = f"started_after:{_quoted(facts.a_month_ago)}", f"started_after:{_quoted(facts.lately)}"
    model, tool = _term("model", facts.model.common), _term("tool", facts.tool.common)
    yield "model and client", f"{model} {_term('client', facts.client.common)}"
    yield "model and a month", f"{model} {month}"
    yield "model, rare, and a day", f"{_term('model', facts.model.rare)} {day}"
    if facts.retired_model:
        yield "model, retired, and a month", f"{_term('model', facts.retired_model)} {month}"
    yield "tool and a month", f"{tool} {month}"
    yield "tool, rare, and a month", f"{_term('tool', facts.tool.rare)} {month}"
    yield "tool and provider", f"{tool} provider:anthropic"
    yield "outcome failed and a month", f"outcome:failed {month}"


def _term(key: str, value: str) -> str:
    return f"{key}:{_quoted(value)}"


def _quoted(value: str) -> str:
    return f'"{value}"'
