"""The lists' figures as Markdown: one table for the largest record, one for the growth to it."""

from collections.abc import Iterable, Sequence

from bench.lists import Asked, Lists
from bench.tables import budget, section, spans


def list_tables(records: Sequence[Lists]) -> Iterable[str]:
    """Every table; nothing where no list was measured."""
    if not records:
        return
    *_, largest = by_size = sorted(records, key=lambda one: one.interceptions)
    yield _of(largest)
    if len(by_size) > 1:
        yield _growth(by_size)


def list_problems(records: Sequence[Lists]) -> list[str]:
    """One line for each question that was not answered, and for each large table that was read whole."""
    told = [
        f"{one.interceptions:,} interceptions, {asked.question.about}: {asked.problem}"
        for one in records
        for asked in one.asked
        if asked.problem
    ]
    if not records:
        return told
    largest = max(records, key=lambda one: one.interceptions)
    if not any(asked.plans for asked in largest.asked):
        return [*told, "Plans were not seen: they are read from the log of a server of the bench's own."]
    return told + [
        f"{asked.question.about}: the server read {', '.join(asked.read_whole)} from end to end"
        for asked in largest.asked
        if asked.read_whole
    ]


def _of(lists: Lists) -> str:
    titles = ("ms, p50 / p95", *lists.viewers, "budget", "found", "plans")
    rows = [
        (
            asked.question.about,
            *(spans(asked.took.get(viewer)) for viewer in lists.viewers),
            _budget(asked),
            "-" if asked.found is None else f"{asked.found:,}",
            _plans(asked),
        )
        for asked in lists.asked
    ]
    return section(f"Lists over {lists.interceptions:,} interceptions in {lists.sessions:,} sessions", titles, rows)


def _growth(by_size: Sequence[Lists]) -> str:
    titles = ("ms, p95 of the slowest viewer", *(f"{one.interceptions:,}" for one in by_size), "budget")
    found = [{asked.question.about: asked for asked in one.asked} for one in by_size]
    rows = [(about, *(_slowest(one.get(about)) for one in found), _budget(asked)) for about, asked in found[-1].items()]
    return section("Growth with the record", titles, rows)


def _slowest(asked: Asked | None) -> str:
    return f"{asked.slowest:.0f}" if asked and asked.took else "-"


def _budget(asked: Asked) -> str:
    if asked.question.budget is None:
        return "-"
    return budget(asked.question.budget, missed=asked.late)


def _plans(asked: Asked) -> str:
    if not asked.plans:
        return "-"
    return "**reads a table whole**" if asked.read_whole else "indexes"
