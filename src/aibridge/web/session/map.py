"""The session in one strip (SVG): the main agent's threads, a lane for each subagent at work, failures, idle times.

Places are per cent of the width and pixels of the height, colours are classes: the strip stretches with its card,
obeys a policy without inline styles, and follows the theme. `data-goto` names what a click leads to.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from markupsafe import Markup

from aibridge.web.session.axis import Axis, Fold
from aibridge.web.session.tree import Row, Thread
from aibridge.web.shapes import Shape

MAIN_TOP, MAIN_HEIGHT = 20, 34
BASE = MAIN_TOP + MAIN_HEIGHT
LANE, LANE_GAP, MOST_LANES = 7, 3, 6
MOST_BARS = 600
"""Bars that a strip can show side by side: with more steps, those of one column share a bar."""
MOST_THREADS = 150
"""With more threads than this their grounds are narrower than the gaps between them, and one ground serves all."""
PIN = 1.6
"""Per cent that a thread's number needs beside the one before."""


def session_map(threads: Sequence[Thread], axis: Axis) -> Markup:
    """The strip. `threads`: those at the top, in order."""
    lanes = _lanes(threads)
    depth = max((lane for lane, _ in lanes), default=-1) + 1
    height = BASE + depth * (LANE + LANE_GAP) + 6
    steps = sum(len(thread.all_rows) for thread in threads)
    parts = [
        *(_fold(fold, height) for fold in axis.folds),
        *_grounds(threads, axis),
        *_pins(threads, axis),
        *_bars([row for thread in threads if not thread.subagent for row in thread.rows], axis),
        *(_lane(lane, agent, axis) for lane, agent in lanes),
    ]
    return Shape(
        '<svg class="smap" width="100%" height="{}" role="img" aria-label="Map of the session: {} threads and {} steps'
        ' over time">{}</svg>'
    ).format(height, len(threads), steps, Markup("").join(parts))


def _fold(fold: Fold, height: int) -> Markup:
    return Shape(
        '<g class="idle"><title>Idle for {lasts}, not to scale</title>'
        '<rect x="{x:.2f}%" y="18" width="{width:.2f}%" height="{height}"/>{label}</g>'
    ).format(
        lasts=_rough(fold.lasts),
        x=fold.at,
        width=fold.width,
        height=height - MAIN_TOP,
        label=Shape('<text x="{:.2f}%" y="{}">{}</text>').format(
            fold.at + fold.width / 2, MAIN_TOP + MAIN_HEIGHT / 2 + 3.5, _rough(fold.lasts)
        )
        if fold.width >= PIN
        else "",
    )


def _rough(lasts: timedelta) -> str:
    minutes = int(lasts.total_seconds() // 60)
    hours, days = minutes // 60, minutes // 1440
    return f"{days}d" if days else f"{hours}h" if hours else f"{minutes}m"


def _grounds(threads: Sequence[Thread], axis: Axis) -> Iterator[Markup]:
    if len(threads) > MOST_THREADS:
        yield Shape('<rect class="lane" x="0" y="{}" width="100%" height="{}" rx="3"/>').format(MAIN_TOP, MAIN_HEIGHT)
        return
    for thread in threads:
        start, end = axis.at(thread.started_at), axis.at(_last_answer(thread))
        yield Shape('<rect class="lane" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}" rx="3" data-goto="{}"/>').format(
            start, MAIN_TOP, max(end - start - 0.12, 0.3), MAIN_HEIGHT, thread.id
        )


def _last_answer(thread: Thread) -> datetime:
    return max(row.step.started_at + row.model_time for row in thread.all_rows)


def _pins(threads: Sequence[Thread], axis: Axis) -> Iterator[Markup]:
    free = 0.0
    for thread in threads:
        at = axis.at(thread.started_at)
        if thread.number is not None and at >= free:
            yield Shape('<text class="pin" x="{:.2f}%" y="13" data-goto="{}">{}</text>').format(
                at, thread.id, thread.number
            )
            free = at + PIN * len(str(thread.number)) ** 0.5


def _bars(rows: Sequence[Row], axis: Axis) -> Iterator[Markup]:
    """Model time as a bar whose height tells the output, then the tools' time as a line; failures at full height."""
    most = max((row.step.output_tokens or 0 for row in rows), default=0) or 1
    columns = [[row] for row in rows]
    if len(rows) > MOST_BARS:
        placed = groupby(rows, key=lambda row: int(axis.at(row.step.started_at) / 100 * MOST_BARS))
        columns = [list(column) for _, column in placed]
    for column in columns:
        yield from _bar(column, most, axis)


def _bar(column: Sequence[Row], most: int, axis: Axis) -> Iterator[Markup]:
    failed = next((row for row in column if row.failed), None)
    row = failed or max(column, key=lambda each: each.step.output_tokens or 0)
    start = axis.at(column[0].step.started_at)
    answered = axis.at(column[-1].step.started_at + column[-1].model_time)
    waited = axis.at(column[-1].ended_at)
    height = 7 + (MAIN_HEIGHT - 10) * (min(1, (row.step.output_tokens or 0) / most)) ** 0.5
    if waited > answered:
        yield Shape('<rect class="m-wait" x="{:.2f}%" y="{}" width="{:.2f}%" height="4"/>').format(
            answered, BASE - 4, waited - answered
        )
    yield Shape('<rect class="{}" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}" data-goto="{}"/>').format(
        "m-err" if failed else "m-model", start, BASE - height, max(answered - start, 0.14), height, row.id
    )
    if failed is not None:
        yield Shape('<rect class="m-err" x="{:.2f}%" y="{}" width="2" height="{}" data-goto="{}"/>').format(
            axis.at(failed.step.started_at), MAIN_TOP, MAIN_HEIGHT, failed.id
        )


def _lanes(threads: Sequence[Thread]) -> list[tuple[int, Thread]]:
    """Subagents, each in the first lane that is free; when all are taken, in the last."""
    agents = [thread for thread in threads if thread.subagent]
    agents += [agent for thread in threads for row in thread.all_rows for agent in row.agents]
    ends: list[datetime] = []
    placed = []
    for agent in sorted(agents, key=lambda each: each.started_at):
        lane = next((index for index, end in enumerate(ends) if end <= agent.started_at), len(ends))
        lane = min(lane, MOST_LANES - 1)
        ends[lane : lane + 1] = [agent.ended_at]
        placed.append((lane, agent))
    return placed


def _lane(lane: int, agent: Thread, axis: Axis) -> Markup:
    start, end = axis.at(agent.started_at), axis.at(agent.ended_at)
    return Shape(
        '<rect class="{}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}" rx="2" data-goto="{}"><title>{}</title></rect>'
    ).format(
        "m-sub bad" if agent.failures else "m-sub",
        start,
        BASE + 4 + lane * (LANE + LANE_GAP),
        max(end - start, 0.4),
        LANE,
        agent.id,
        ": ".join(filter(None, (agent.agent_name, agent.title))),
    )
