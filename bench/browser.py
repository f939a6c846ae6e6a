"""Pages in Chromium, where there is one: what it asks for, and when somebody sees something."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from bench.figures import percentile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
STEPS_PER_VISIT = 5
COUNTED = frozenset(("document", "stylesheet", "script", "xhr", "fetch"))
"""Kinds of requests, as Playwright calls them."""
TIMEOUT_MS = 30_000

PAINTED = """() => new Promise((resolve) => {
  const look = () => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    const [page] = performance.getEntriesByType("navigation");
    if (paint && page.loadEventEnd) resolve([paint.startTime, page.loadEventEnd]);
    else setTimeout(look, 5);
  };
  look();
})"""
"""Milliseconds from the start of the navigation to the first words, and to the end of loading."""

STEPPED = """(at) => new Promise((resolve) => {
  const link = [...document.querySelectorAll("session-timeline .step > a")][at];
  const box = document.getElementById("inspector"), began = performance.now();
  const done = () => {
    if (box.hasAttribute("aria-busy") || !box.querySelector(`[href*="${link.parentElement.id.slice(2)}"]`)) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
  };
  const seen = new MutationObserver(done);
  seen.observe(box, { attributes: true, childList: true });
  link.click();
})"""
"""Milliseconds from the click on a step until the frame that shows it."""


class Paint(msgspec.Struct, frozen=True, kw_only=True):
    """One page, opened by a browser that has never been there; the medians of several."""

    requests: int
    """The page's own and those for styles and scripts; fonts, the icon and events are not counted."""
    first_ms: float
    """Until the first words are seen."""
    loaded_ms: float


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A session, opened and walked through."""

    steps: int
    opened_ms: float
    """Until the page has loaded, the median of several."""
    step_p50: float
    step_p95: float
    """Milliseconds from a click on a step until it is shown."""


class Opened(msgspec.Struct, frozen=True):
    """A browser in which somebody is signed in."""

    browser: Any
    address: str
    cookie: dict[str, str]

    def paint(self, path: str, visits: int) -> Paint:
        """Open a page, each time as a browser that keeps nothing from before."""
        seen = [self._visit(path) for _ in range(visits)]
        return Paint(
            requests=max(requests for requests, _, _ in seen),
            first_ms=percentile(sorted(first for _, first, _ in seen), 50),
            loaded_ms=percentile(sorted(loaded for _, _, loaded in seen), 50),
        )

    def walk(self, path: str, steps: int, visits: int) -> Walk:
        """Open a session and click on some of its steps."""
        loaded, clicks = [], list[float]()
        for _ in range(visits):
            with self._context() as context:
                page = context.new_page()
                page.goto(f"{self.address}{path}")
                loaded.append(page.evaluate(PAINTED)[1])
                shown = page.locator("session-timeline .step > a").count()
                for at in range(0, shown, max(1, shown // STEPS_PER_VISIT)):
                    clicks.append(page.evaluate(STEPPED, at))
        loaded.sort()
        clicks.sort()
        return Walk(
            steps=steps,
            opened_ms=percentile(loaded, 50),
            step_p50=percentile(clicks, 50),
            step_p95=percentile(clicks, 95),
        )

    def _visit(self, path: str) -> tuple[int, float, float]:
        asked = list[str]()
        with self._context() as context:
            page = context.new_page()
            page.on("request", lambda request: asked.append(request.resource_type))
            page.goto(f"{self.address}{path}")
            first, loaded = page.evaluate(PAINTED)
        return sum(kind in COUNTED for kind in asked), first, loaded

    @contextmanager
    def _context(self) -> "Iterator[BrowserContext]":
        context = self.browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(TIMEOUT_MS)
        context.add_cookies([self.cookie])
        try:
            yield context
        finally:
            context.close()


class Chromium(msgspec.Struct, frozen=True):
    """A running browser before a gateway."""

    browser: Any
    address: str

    @property
    def version(self) -> str:
        """As it names itself."""
        return f"Chromium {self.browser.version}"

    def as_somebody(self, name: str, secret: str) -> Opened:
        """Sign in: the cookie of this name holds this secret."""
        return Opened(self.browser, self.address, {"name": name, "value": secret, "url": self.address})


@contextmanager
def open_browser(port: int) -> Iterator[Chromium | None]:
    """Run one during the block, before the gateway at this port; None where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None or find_spec("playwright") is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        try:
            yield Chromium(browser, f"http://127.0.0.1:{port}")
        finally:
            browser.close()
