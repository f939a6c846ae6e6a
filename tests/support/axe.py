"""Accessibility as axe sees it: WCAG 2.2 A and AA."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds wrong with what is shown now, a line each; empty when it is accessible."""
    # Evaluated, not added as a script: the page's policy would rightly refuse it.
    page.evaluate(_AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
