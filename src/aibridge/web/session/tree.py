"""The shape of a session: threads, their steps, and below a step the subagents that its calls started."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal
from uuid import UUID

import msgspec

from aibridge.store.timeline import TimelineStep

FAILURES = frozenset({"failed", "truncated", "interrupted"})
"""Outcomes that count as failures; who cancels has not failed."""

NOTHING = timedelta()


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What something cost, as far as it is known."""

    micros: int | None
    """Micro-dollars; None: nothing of it has a price."""
    unpriced: int
    """Steps that used tokens without a price, or nobody knows how many."""
    untold: bool = False
    """Of nothing is known how many tokens it used: no price is missing."""


def cost_of(rows: "Iterable[Row]") -> Cost:
    """What these steps cost together."""
    micros, unpriced, tokens = None, 0, 0
    for row in rows:
        unpriced += row.step.unpriced
        tokens += row.tokens
        if row.step.cost_micros is not None:
            micros = (micros or 0) + row.step.cost_micros
    return Cost(micros=micros, unpriced=unpriced, untold=micros is None and tokens == 0)


class Row(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A step with its place."""

    step: TimelineStep
    number: int
    """From 1, by time, over the whole session."""
    wait: timedelta
    """Until the thread's next request: the time of the tools, and of whoever had to allow them. Nothing when it called
    none or when nothing followed."""
    agents: "list[Thread]"
    """What its calls started."""
    steered: bool
    """The person said something although the thread was under way."""

    @property
    def id(self) -> UUID:
        """Of the step."""
        return self.step.id

    @property
    def model_time(self) -> timedelta:
        """From the request's arrival to the end of its answer. What another clock has ended may seem to end before."""
        return max(NOTHING, self.step.ended_at - self.step.started_at)

    @property
    def ended_at(self) -> datetime:
        """With the wait."""
        return self.step.started_at + self.model_time + self.wait

    @property
    def failed(self) -> bool:
        """The request did, or a tool that it called."""
        return self.step.outcome in FAILURES or self.step.failed_calls > 0

    @property
    def context(self) -> int | None:
        """Tokens that the model was sent, from its caches or not; None: unknown."""
        told = (self.step.input_tokens, self.step.cache_read_input_tokens, self.step.cache_write_input_tokens)
        return None if told == (None, None, None) else sum(count or 0 for count in told)

    @property
    def tokens(self) -> int:
        """Of all kinds, as far as they are known."""
        return (self.context or 0) + (self.step.output_tokens or 0)

    @property
    def answered(self) -> bool:
        """The model said its last word: a whole answer that calls nothing."""
        return self.step.outcome == "completed" and not self.step.tool_calls and not self.step.side_request


@dataclass(frozen=True, kw_only=True, eq=False)
class Thread:
    """What a person, or an agent, asked for, with what was done about it."""

    id: UUID
    number: int | None
    """From 1 among what people asked; None for a subagent's."""
    title: str
    subagent: bool
    agent_name: str
    certainty: Literal["declared", "inferred"] | None
    """How sure it is which call started it; None for no subagent, and where it is not known."""
    rows: list[Row]
    again: bool = False
    """It begins as what was asked right before, and failed: clients send a prompt again by themselves."""

    @cached_property
    def all_rows(self) -> list[Row]:
        """With those of the subagents below."""
        return list(walked(self.rows))

    @cached_property
    def started_at(self) -> datetime:
        """The earliest of its steps."""
        return min(row.step.started_at for row in self.rows)

    @cached_property
    def ended_at(self) -> datetime:
        """When the last of its tools had its result, or the last answer ended."""
        return max(row.ended_at for row in self.all_rows)

    @cached_property
    def failures(self) -> int:
        """Failed steps, raised from the subagents below."""
        return sum(row.failed for row in self.all_rows)

    @cached_property
    def tokens(self) -> int:
        """Of all kinds, with those of the subagents below."""
        return sum(row.tokens for row in self.all_rows)

    @cached_property
    def output(self) -> int | None:
        """Tokens that models wrote, with those of the subagents below; None: unknown."""
        told = [row.step.output_tokens for row in self.all_rows if row.step.output_tokens is not None]
        return sum(told) if told else None

    @cached_property
    def cost(self) -> Cost:
        """With that of the subagents below."""
        return cost_of(self.all_rows)

    @cached_property
    def agents(self) -> "list[Thread]":
        """The subagents below, the nearest first."""
        return [agent for row in self.rows for agent in row.agents]


def walked(rows: Sequence[Row]) -> Iterator[Row]:
    """These rows in the order in which they are shown: each before what its calls started."""
    waiting = list(reversed(rows))
    while waiting:
        row = waiting.pop()
        yield row
        for agent in reversed(row.agents):
            waiting.extend(reversed(agent.rows))
