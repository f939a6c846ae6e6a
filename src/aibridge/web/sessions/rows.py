"""Sessions as rows."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from markupsafe import Markup

from aibridge.store.session_pulse import Pulse
from aibridge.store.session_shown import ReadSession
from aibridge.web.addresses import session_path
from aibridge.web.charts import token_bar
from aibridge.web.listed import Listed
from aibridge.web.session.figures import ACTIVE
from aibridge.web.session.wording import title_of
from aibridge.web.shapes import Shape

SHORT = (6, 4)
"""Characters at the beginning and the end of an id that tell sessions apart at a glance. Where ids begin with the time,
as those of Codex and OpenCode do, beginnings are all the same."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One session."""

    session: ReadSession
    href: str
    short_id: str
    title: str
    threads: int
    """What people asked for."""
    subagents: int
    models: list[str]
    """The main agent's first."""
    pulse: Markup
    tokens_in: int
    bar: Markup
    cost_micros: int | None
    """None: nothing of it has a price."""
    untold: bool
    """Nothing is known of what it used: no price is missing."""
    active: bool
    """A request ended just now."""
    lasts: timedelta


def row(session: ReadSession, pulse: Pulse, now: datetime, listed: Listed, *, initiator: UUID | None) -> Row:
    """`listed`: the list; `initiator`: whose it is, for readers who may see those of several people under one id."""
    spent = session.token_usage_summary
    known = session.cost_micros or not session.unpriced
    active = now - session.ended_at < ACTIVE
    tokens_in = spent.input_tokens + spent.cache_read_input_tokens + spent.cache_write_input_tokens
    return Row(
        session=session,
        href=listed.to(session_path(session.id), initiator=str(initiator) if initiator else None),
        short_id=_short(session.id),
        title=title_of(session, active=active),
        threads=max(session.threads - pulse.subagent_threads, min(session.threads, 1)),
        subagents=pulse.subagents,
        models=sorted(session.models, key=lambda model: model != pulse.model),
        pulse=drawn(pulse),
        tokens_in=tokens_in,
        bar=token_bar(
            spent.input_tokens, spent.cache_read_input_tokens, spent.cache_write_input_tokens, spent.output_tokens
        ),
        cost_micros=session.cost_micros if known else None,
        untold=not session.cost_micros and tokens_in + spent.output_tokens == 0,
        active=active,
        lasts=max(timedelta(), session.ended_at - session.started_at),
    )


def drawn(pulse: Pulse) -> Markup:
    """The steps of a session over its time, as small bars."""
    peak = max(pulse.steps) or 1
    bars = [
        Shape('<rect x="{:.1f}" y="{:.1f}" width="2.5" height="{:.1f}" rx=".5"/>').format(
            3.5 * n, 19 - 18 * steps / peak, 1 + 18 * steps / peak
        )
        for n, steps in enumerate(pulse.steps)
    ]
    return Shape('<svg class="pulse" width="84" height="20" aria-hidden="true">{}</svg>').format(Markup("").join(bars))


def _short(session_id: str) -> str:
    before, behind = SHORT
    return session_id if len(session_id) <= before + behind + 1 else f"{session_id[:before]}…{session_id[-behind:]}"
