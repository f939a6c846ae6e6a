"""Usage beside a naive sum: what the books hold, and what they should after all that ever ended."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from aibridge.store.connections import Connection
from aibridge.store.durations import BOUNDS, DIGITS

NOBODY = UUID(int=0)
FIGURES = (
    *("requests", "failures", "tool_calls", "input_tokens", "output_tokens", "cache_read_input_tokens"),
    *("cache_write_input_tokens", "cost_micros", "unpriced", "durations"),
)
TOKENS = FIGURES[3:7]

Key = tuple[str, str, datetime, str, UUID, int]
"""As the ledger's: span, grain, start, tool, initiator, combination."""
Books = dict[Key, tuple[int, ...]]


class Ended(NamedTuple):
    """An interception that has ended at some time."""

    id: UUID
    initiator_id: UUID
    combination: int
    outcome: str
    provider: str
    provider_name: str
    model: str
    client: str
    started_at: datetime
    ended_at: datetime
    tools: Mapping[str, int]
    all_calls: int
    usages: list[Mapping[str, Any]]

    @property
    def micros(self) -> int:
        """How long it took."""
        return max((self.ended_at - self.started_at) // timedelta(microseconds=1), 0)

    def figures(self, tool: str = "") -> Counter[str]:
        figures = Counter(
            requests=1,
            failures=int(self.outcome in {"failed", "truncated", "interrupted"}),
            tool_calls=self.tools[tool] if tool else self.all_calls,
            cost_micros=sum(usage["cost_micros"] or 0 for usage in self.usages),
            unpriced=int(any(usage["cost_micros"] is None for usage in self.usages)),
            durations=10 ** (DIGITS * bisect_right(BOUNDS, self.micros)),
        )
        for kind in TOKENS:
            figures[kind] = sum(usage[kind] or 0 for usage in self.usages)
        return figures


async def ended(psql: Connection) -> dict[UUID, Ended]:
    """Everything that is on record and has ended."""
    rows = await psql.fetch("SELECT * FROM aibridge_interceptions WHERE ended_at IS NOT NULL")
    tools: dict[UUID, Counter[str]] = defaultdict(Counter)
    usages: dict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    for row in await psql.fetch("SELECT interception_id, tool FROM aibridge_tool_usages"):
        tools[row["interception_id"]][row["tool"]] += 1
    for row in await psql.fetch("SELECT * FROM aibridge_token_usages"):
        usages[row["interception_id"]].append(dict(row))
    return {
        row["id"]: Ended(
            **{name: row[name] for name in Ended._fields[:10]},
            tools={tool: count for tool, count in tools[row["id"]].items() if tool},
            all_calls=tools[row["id"]].total(),
            usages=usages[row["id"]],
        )
        for row in rows
    }


def expected(all_of_them: Iterable[Ended]) -> Books:
    """What the books should hold after these."""
    entries = [
        (each.started_at.replace(minute=0, second=0, microsecond=0), tool, each.initiator_id, each.combination, figures)
        for each in all_of_them
        for tool in ("", *each.tools)
        for figures in [each.figures(tool)]
    ]
    return _posted((*entry[:4], tuple(entry[4][name] for name in FIGURES)) for entry in entries)


async def kept(psql: Connection) -> Books:
    """What ledger and journal hold together."""
    books: Books = defaultdict(lambda: (0,) * len(FIGURES))
    async with psql.transaction(isolation="repeatable_read"):
        ledger = await psql.fetch("SELECT * FROM aibridge_usage")
        journal = await psql.fetch("SELECT * FROM aibridge_usage_entries")
    for row in ledger:
        books[tuple(row)[:6]] = _figures(tuple(row)[6:])
    for key, figures in _posted((*tuple(row)[:4], _figures(tuple(row)[4:])) for row in journal).items():
        books[key] = _sum(books[key], figures)
    return {key: figures for key, figures in books.items() if any(figures)}


def _posted(entries: Iterable[tuple[datetime, str, UUID, int, tuple[int, ...]]]) -> Books:
    books: Books = defaultdict(lambda: (0,) * len(FIGURES))
    for hour, tool, initiator, combination, figures in entries:
        for span, starts_at in (("hour", hour), ("day", hour.replace(hour=0)), ("month", hour.replace(day=1, hour=0))):
            for grain, who, what in (
                ("all", NOBODY, 0),
                ("everyone", NOBODY, combination),
                ("user", initiator, 0),
                ("both", initiator, combination),
            ):
                if not (tool and grain in {"all", "user"}) and (span, grain) != ("month", "both"):
                    key = (span, f"{grain}_tool" if tool else grain, starts_at, tool, who, what)
                    books[key] = _sum(books[key], figures)
    return {key: figures for key, figures in books.items() if any(figures)}


def _figures(row: Iterable[Any]) -> tuple[int, ...]:
    return tuple(int(figure) for figure in row)


def _sum(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
