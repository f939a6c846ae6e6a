"""The pages' figures as Markdown: one table for all pages, one for the long session."""

from collections.abc import Iterable, Sequence

from bench.pages import BUDGET, Pages, Shown
from bench.tables import budget, section, spans

REQUESTS, PAINT, OPENED, STEP = 3, 600, 1000, 150
"""Budgets: of a browser that has nothing yet, and in ms."""


def page_tables(measured: Sequence[Pages]) -> Iterable[str]:
    """Every table; nothing where no page was measured."""
    for one in measured:
        yield _shown(one)
        yield _walks(one)


def page_problems(measured: Sequence[Pages]) -> list[str]:
    """One line for each page that was not answered, and for a browser that is not there."""
    told = [f"{shown.page.about}: {shown.problem}" for one in measured for shown in one.shown if shown.problem]
    if any(not one.browser for one in measured):
        told.append("Pages were not opened in a browser: Chromium or Playwright is not installed.")
    return told


def _shown(pages: Pages) -> str:
    titles = (
        *("server ms, p50 / p95", *pages.viewers, "budget", "KB"),
        *("requests", "first paint ms", "budget", "loaded ms"),
    )
    rows = [
        (
            shown.page.about,
            *(spans(shown.took.get(viewer)) for viewer in pages.viewers),
            budget(BUDGET, missed=shown.late),
            f"{shown.sent / 1000:.0f}",
            *_painted(shown),
        )
        for shown in pages.shown
    ]
    return section(f"Pages over {pages.interceptions:,} interceptions", titles, rows)


def _painted(shown: Shown) -> tuple[str, str, str, str]:
    paints = shown.paints.values()
    if not paints:
        return "-", "-", "-", "-"
    requests, first = max(one.requests for one in paints), max(one.first_ms for one in paints)
    missed = first > PAINT or requests > REQUESTS
    return f"{requests}", f"{first:.0f}", budget(PAINT, missed=missed), f"{max(one.loaded_ms for one in paints):.0f}"


def _walks(pages: Pages) -> str:
    rows = [
        (
            viewer,
            f"{walk.steps:,}",
            f"{walk.opened_ms:.0f}",
            budget(OPENED, missed=walk.opened_ms > OPENED),
            f"{walk.step_p50:.0f} / {walk.step_p95:.0f}",
            budget(STEP, missed=walk.step_p95 > STEP),
        )
        for viewer, walk in pages.walks.items()
    ]
    titles = ("a long session, in the browser", "steps", "opens in ms", "budget", "a step ms, p50 / p95", "budget")
    return section("A long session", titles, rows)
