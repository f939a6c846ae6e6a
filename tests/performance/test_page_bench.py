"""The bench of the pages: which it opens, as whom, and what it says of them."""

import msgspec
import pytest
from bench.asking import Took
from bench.browser import Paint, Walk
from bench.page_paths import Page, Session, pages
from bench.page_report import page_problems, page_tables
from bench.pages import Pages, Shown, measure
from bench.record import Facts, Viewer, seeded
from bench.report import Report, markdown

ID = "0199b2a4-4a5e-7000-8000-000000000001"


def shown(about: str = "overview", **more: object) -> Shown:
    entry = Shown(page=Page(about=about, path="/overview"), took={"owner": Took(12.4, 34.5)}, sent=16_400)
    return msgspec.structs.replace(entry, **more)


def measured(*entries: Shown, browser: str = "Chromium 156", walks: dict[str, Walk] | None = None) -> Pages:
    return Pages(
        interceptions=2_000_000,
        server="PostgreSQL 18",
        viewers=["owner"],
        browser=browser,
        shown=list(entries),
        walks=walks or {},
    )


def test_every_page_is_opened_and_links_are_followed(facts: Facts) -> None:
    read: list[str] = []

    def html(path: str) -> str:
        read.append(path)
        return f'<li id="s-{ID}">' if path.startswith("/sessions/") else f'<a href="/requests/{ID}">'

    owner = Viewer(title="owner", username=facts.owner, token="")
    found = {page.about: page.path for page in pages(facts, owner, Session(path="/sessions/one", steps=3300), html)}
    assert read == ["/requests?range=90d", "/sessions/one"]
    assert found["one request"] == f"/requests/{ID}"
    assert found["a step of it"] == f"/sessions/one/steps/{ID}"
    assert {"users", "settings", "account", "connect a client", "overview, a day"} <= set(found)


def test_members_open_what_they_may(facts: Facts) -> None:
    member = Viewer(title="member", username=facts.busiest, token="")
    found = [page.path for page in pages(facts, member, None, lambda _: "")]
    assert not [path for path in found if path.startswith(("/users", "/settings", "/sessions/"))]


def test_what_missed_its_budget_is_marked() -> None:
    paint = Paint(requests=3, first_ms=512, loaded_ms=640)
    late = shown(
        "sessions", took={"owner": Took(90, 101)}, paints={"owner": Paint(requests=4, first_ms=80, loaded_ms=99)}
    )
    one = measured(
        shown(paints={"owner": paint}),
        late,
        walks={"owner": Walk(steps=3300, opened_ms=1001, step_p50=80, step_p95=149)},
    )
    tables = [line.split("|")[1:-1] for table in page_tables([one]) for line in table.splitlines() if "|" in line]
    rows = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in tables}
    assert rows["overview"] == ["12 / 34", "≤ 100", "16", "3", "512", "≤ 600", "640"]
    assert rows["sessions"] == ["90 / 101", "≤ 100 **missed**", "16", "4", "80", "≤ 600 **missed**", "99"]
    assert rows["owner"] == ["3,300", "1001", "≤ 1000 **missed**", "80 / 149", "≤ 150"]


def test_without_a_browser_the_server_is_measured(report: Report) -> None:
    one = measured(shown(), shown("settings", took={}, problem="as owner: 500"), browser="")
    assert page_problems([one]) == [
        "settings: as owner: 500",
        "Pages were not opened in a browser: Chromium or Playwright is not installed.",
    ]
    report.pages.append(one)
    assert "| overview" in markdown(report)


@pytest.mark.browser
def test_a_small_record_is_opened_by_everyone() -> None:
    said: list[str] = []
    with seeded(300) as record:
        made = measure(record, requests=1, tell=said.append)
    assert page_problems([made]) == []
    by_name = {entry.page.about: entry for entry in made.shown}
    assert set(by_name["overview, a day"].took) == {"owner", "busiest member", "median member"}
    assert set(by_name["users"].took) == {"owner"}
    assert by_name["requests, a day"].paints["owner"].first_ms > 0
    assert made.walks["owner"].step_p50 > 0
    assert len(said) == 3
