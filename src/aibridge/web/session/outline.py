"""The outline beside the timeline: what was asked, and where it went wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from aibridge.web.session.links import Links
from aibridge.web.session.portion import Branch, Gap, Item, Leaf
from aibridge.web.session.tree import Thread

MOST_THREADS, MOST_AGENTS = 300, 12
"""That are listed, and of one thread's subagents: nobody reads on, and each costs a line of HTML."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A thread with where it stands."""

    thread: Thread
    href: str
    agents: "list[Entry]"
    more_agents: int
    """Subagents that are not listed."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """The threads of the session."""

    entries: list[Entry]
    more: int
    """Threads that are not listed."""
    more_href: str


def outline_of(threads: Sequence[Thread], items: Sequence[Branch | Gap], links: Links) -> Outline:
    """`items`: what is on the page; to a thread that is not, a link begins the timeline there."""
    here = set(_shown(items))
    rest = threads[MOST_THREADS:]
    return Outline(
        entries=[_entry(thread, here, links) for thread in threads[:MOST_THREADS]],
        more=len(rest),
        more_href=links.begin(rest[0].rows[0].id) if rest else "",
    )


def _entry(thread: Thread, here: set[UUID], links: Links) -> Entry:
    agents = thread.agents
    href = "" if thread.id in here else links.begin(thread.rows[0].id)
    return Entry(
        thread=thread,
        href=f"{href}#t-{thread.id}",
        agents=[_entry(agent, here, links) for agent in agents[:MOST_AGENTS]],
        more_agents=max(0, len(agents) - MOST_AGENTS),
    )


def _shown(items: Sequence[Branch | Item]) -> Iterator[UUID]:
    for item in items:
        if isinstance(item, Branch):
            yield item.thread.id
            yield from _shown(item.items)
        elif isinstance(item, Leaf):
            yield from _shown(item.agents)
