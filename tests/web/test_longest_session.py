"""The longest session, of 5,000 steps: opened, walked through by its failures, linked to at its end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from aibridge.web.session.portion import PORTION
from support.session_made import Made, long_session
from support.site import Site

pytestmark = pytest.mark.browser

STEPS = 5000
AT_ONCE = 1000


@pytest.fixture
def session(site: Site) -> Made:
    """Of `milo`; the one before last of each 2,500 steps fails."""
    start = datetime.now(UTC) - timedelta(hours=5)
    made = long_session(site.known("milo").id, start, STEPS, session="longest", failing=2500)
    for first in range(0, STEPS, AT_ONCE):
        site.run(site.store.write_begun(made.begun[first : first + AT_ONCE]))
        site.run(site.store.write_finished(made.finished[first : first + AT_ONCE]))
    return made


def test_five_thousand_steps(session: Made, signed_in: Callable[..., Page]) -> None:
    """A portion comes with the page; `e` goes to what is far behind them, a link opens there again."""
    page = signed_in("member")
    page.goto("/sessions/longest")
    step = page.get_by_role("complementary", name="Step details").get_by_role("heading", level=2)
    expect(page.locator("session-timeline .step")).to_have_count(PORTION)
    for number in (2499, 4999):
        page.keyboard.press("e")
        expect(step).to_have_text(f"Step {number:,}of 5,000")
        expect(page.locator(f"#s-{session.begun[number - 1].id}")).to_be_in_viewport()
    page.keyboard.press("j")
    expect(step).to_have_text("Step 5,000of 5,000")
    again = signed_in("member")
    again.goto(page.url)
    expect(again.locator(f"#s-{session.begun[-1].id}")).to_be_in_viewport()
    assert again.locator("session-timeline .step").count() <= 2 * PORTION
