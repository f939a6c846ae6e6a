"""Request logs, as somebody uses them who looks for one request among many."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from aibridge.records import ErrorType, Outcome, UsageCost
from aibridge.store import activity
from aibridge.web.pages import requests
from support.axe import violations
from support.request_log import HOSTILE, Log, endings, hostile, many
from support.rows import call, new_id, usage
from support.site import Site

pytestmark = pytest.mark.browser

SignedIn = Callable[..., Page]


@pytest.fixture
def log(site: Site) -> Log:
    return Log(site)


def choose(page: Page, menu: str, find: str, value: str) -> None:
    """Open a menu, look for a value on the server, choose it, close the menu."""
    page.locator("summary", has_text=re.compile(rf"^\s*{menu}")).click()
    page.get_by_role("searchbox", name=f"Find {menu.lower()}").fill(find)
    options = page.get_by_role("group", name=menu, exact=True)
    expect(options.get_by_role("checkbox")).not_to_have_count(0)
    options.get_by_label(value).check()
    page.keyboard.press("Escape")


def rows(page: Page) -> int:
    return page.locator("tr.r").count()


def total(page: Page, requests: str) -> None:
    expect(page.locator(".pager")).to_contain_text(f"of {requests} request")


def test_choosing_a_model_and_two_clients(site: Site, log: Log, signed_in: SignedIn) -> None:
    """Menus search on the server, the total falls, and the link keeps what was chosen."""
    many(log, 84)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    total(page, "84")
    choose(page, "Model", "EL-3", "model-3")
    total(page, "12")
    expect(page).to_have_url(f"{site.url}/requests?model=model-3")
    choose(page, "Client", "code", "Codex")
    total(page, "6")
    choose(page, "Client", "", "Claude Code")
    total(page, "12")
    expect(page).to_have_url(f"{site.url}/requests?model=model-3&client=Codex&client=Claude+Code")
    page.reload()
    total(page, "12")
    expect(page.locator("summary", has_text="Client")).to_contain_text("+1")
    page.go_back()
    total(page, "6")
    page.go_forward()
    total(page, "12")
    page.get_by_role("link", name="Clear all").click()
    total(page, "84")


def test_a_menu_counts_what_would_match(log: Log, signed_in: SignedIn) -> None:
    many(log, 42)
    log.write()
    page = signed_in("owner")
    page.goto("/requests?client=Codex")
    page.locator("summary", has_text="User").click()
    options = page.get_by_role("group", name="User", exact=True)
    expect(options.locator("label", has_text="Milo Mayr").locator(".count")).to_have_text("7")
    page.get_by_role("searchbox", name="Find user").fill("ott")
    expect(options.locator("label")).to_have_count(1)
    page.get_by_role("searchbox", name="Find user").fill("nobody at all")
    expect(options).to_contain_text("Nothing is called so")


def test_a_row_opens_in_place_and_its_link_opens_it_again(site: Site, log: Log, signed_in: SignedIn) -> None:
    ids = endings(log)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    page.get_by_text("please fix the").click()
    detail = page.locator("tr.d")
    expect(detail.get_by_text("The build is red.")).to_be_visible()
    expect(detail.locator("pre.diff .add")).to_have_text("+three")
    expect(detail.get_by_label("Command")).to_have_text("$ make test")
    expect(detail.get_by_text("Bytes unmodified")).to_be_visible()
    expect(page).to_have_url(f"{site.url}/requests?open={ids['tools']}")
    page.goto("/account")
    page.go_back()
    expect(page.locator("tr.d").get_by_text("The build is red.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("tr.d")).to_have_count(0)
    expect(page).to_have_url(f"{site.url}/requests")


def test_times_are_the_browsers_and_say_so(log: Log, signed_in: SignedIn) -> None:
    """Also after a search, which keeps what it finds on the page and changes only its texts."""
    many(log, 42)
    id_ = log.add("milo", "when?")
    log.write()
    page = signed_in("owner", timezone_id="Asia/Tokyo")
    page.goto("/requests")
    expect(page.locator(".pager .zone")).to_have_text("Times in GMT+9")
    page.get_by_role("searchbox", name="Search requests").fill("question 7")
    total(page, "1")
    expect(page.locator(".pager .zone")).to_have_text("Times in GMT+9")
    page.goto(f"/requests/{id_}")
    expect(page.locator(".page-head time")).to_contain_text("GMT+9")


def test_what_has_no_tokens_is_not_called_unpriced(log: Log, signed_in: SignedIn) -> None:
    """A price is missing only where tokens are known. What was asked stands below the failure."""
    unknown = dict.fromkeys(("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens"))
    log.add(
        "milo",
        "fix it",
        token_usage=usage(**unknown, partial=True),
        outcome=Outcome.FAILED,
        error_type=ErrorType.RATE_LIMITED,
        error_message="Slow down, please",
    )
    log.add("milo", None, token_usage=usage())
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    expect(page.locator(".c-cost").filter(has_text=re.compile("."))).to_have_text(["\N{EN DASH}", "unpriced"])
    expect(page.locator("tr.err .c-act small")).to_have_text("fix it")


def test_the_number_that_failed_leads_to_them_whatever_the_way(log: Log, signed_in: SignedIn) -> None:
    """The menu tells failed, cut off and interrupted apart; the number above the rows is of all three."""
    log.add("milo", "fine")
    for outcome in (Outcome.FAILED, Outcome.TRUNCATED, Outcome.INTERRUPTED, Outcome.CANCELLED):
        log.add("milo", outcome, outcome=outcome)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    page.locator(".strip dl").get_by_role("link", name="3").click()
    expect(page.locator(".pager")).to_contain_text("of 3 requests")
    expect(page.locator("summary", has_text="Status")).to_contain_text("Failed+2")
    expect(page.locator(".strip dl").get_by_role("link")).to_have_count(0)


def test_what_is_written_to_caches_at_two_rates_has_its_cost_too(log: Log, signed_in: SignedIn) -> None:
    """It is what the other kinds leave of the sum: 5,000 tokens each for minutes and for an hour."""
    cost = UsageCost(
        micros=300 + 6 + 18_750 + 30_000 + 750,
        lower_bound=False,
        input_price_micros=3_000_000,
        output_price_micros=15_000_000,
        cache_read_price_micros=300_000,
        cache_write_price_micros=3_750_000,
        cache_write_1h_price_micros=6_000_000,
        price_source="own",
        price_listed_as="",
        price_since=None,
    )
    id_ = log.add("milo", "hello", token_usage=usage(cache_write_input_tokens=10_000, cost=cost))
    log.write()
    page = signed_in("owner")
    page.goto(f"/requests/{id_}")
    told = page.locator(".usage tbody tr td:last-child:not(.bar)")
    expect(told).to_have_text(["$0.0003", "<$0.0001", "$0.049", "$0.0008", "$0.050"])


def test_a_phone_tells_what_each_request_cost(log: Log, signed_in: SignedIn) -> None:
    many(log, 1)
    log.write()
    page = signed_in("owner", viewport={"width": 390, "height": 844})
    page.goto("/requests")
    for cell in ("c-tok", "c-ms", "c-cost"):
        expect(page.locator(f"tr.r .{cell}")).to_be_visible()


def test_rows_by_keyboard(log: Log, signed_in: SignedIn) -> None:
    many(log, 3)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("tr.d")).to_contain_text("question 0")
    page.keyboard.press("/")
    page.keyboard.type("jj")
    expect(page.get_by_role("searchbox", name="Search requests")).to_have_value("jj")


def test_of_too_many_requests_the_newest_are_drawn(
    log: Log, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The total is that of all; the chart, the figures and the menus say of which they are, and what to do."""
    monkeypatch.setattr(activity, "MOST", 10)
    monkeypatch.setattr(activity, "NEWEST", 5)
    many(log, 42)
    log.write()
    page = signed_in("owner")
    page.goto("/requests?q=question")
    expect(page.locator(".strip dl")).to_contain_text("42")
    expect(page.locator(".strip")).to_contain_text("Choose a shorter time to see all of them.")
    expect(page.locator(".strip .chart")).to_have_attribute("aria-label", re.compile("the newest 5 of last 24 hours"))
    page.locator("summary", has_text="User").click()
    options = page.get_by_role("group", name="User", exact=True)
    expect(options.get_by_role("checkbox")).not_to_have_count(0)
    expect(options).to_contain_text("Counted among the newest")
    assert violations(page) == []
    page.goto("/requests")
    expect(page.locator(".strip")).not_to_contain_text("Choose a shorter time")


def test_of_a_common_word_a_list_says_that_there_are_more(
    log: Log, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for their number. The way goes on to the last page, whose number nobody says before."""
    monkeypatch.setattr(requests, "COUNTED", 30)
    many(log, 60)
    log.write()
    page = signed_in("owner")
    page.goto("/requests?q=question&limit=25")
    pager = page.get_by_role("navigation", name="Pages")
    expect(pager).to_contain_text(re.compile("1 to 25 of 30\\+ or more requests"))
    expect(page.get_by_title(re.compile("^At least 30 match"))).to_have_count(3)
    expect(pager.get_by_role("link")).to_have_text(["", "1", "2", ""])
    expect(pager).to_contain_text("…")
    assert violations(page) == []
    for shown in ("26 to 50", "51 to 60"):
        pager.get_by_role("link", name="Next page").click()
        expect(pager).to_contain_text(f"{shown} of 30+")
    expect(pager).not_to_contain_text("4")
    expect(pager.get_by_role("link", name="Next page")).to_have_attribute("aria-disabled", "true")
    page.goto("/requests?limit=25")
    total(page, "60")


def test_each_ending_is_told_as_it_was(log: Log, signed_in: SignedIn) -> None:
    ids = endings(log)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    told = {name: page.locator(f"#r-{id_} .pill") for name, id_ in ids.items()}
    expect(told["tools"]).to_have_text("200")
    expect(told["failed"]).to_have_text("429")
    expect(told["cancelled"]).to_have_text("Cancelled")
    expect(told["interrupted"]).to_have_text("Interrupted")
    expect(page.locator(f"#r-{ids['failed']}")).to_contain_text("Slow down, please")
    expect(page.locator(f"#r-{ids['side']}")).to_contain_text("Side request: A title of five words")
    page.goto(f"/requests/{ids['changed']}")
    expect(page.get_by_text("Changed: include_usage")).to_be_visible()
    expect(page.get_by_text("cd" * 32)).to_be_visible()
    page.goto(f"/requests/{ids['side']}")
    expect(page.get_by_text("The user's subscription")).to_be_visible()


def test_searching_finds_words_of_thoughts(log: Log, signed_in: SignedIn) -> None:
    ids = endings(log)
    many(log, 5)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    page.get_by_role("searchbox", name="Search requests").fill("build red")
    total(page, "1")
    expect(page.locator(f"#r-{ids['tools']}")).to_be_visible()
    page.goto("/requests?q=--")
    expect(page.get_by_role("alert")).to_contain_text("holds no letter")


def test_pages_of_a_long_list(site: Site, log: Log, signed_in: SignedIn) -> None:
    many(log, 130)
    log.write()
    page = signed_in("owner")
    page.goto("/requests?limit=50&offset=0")
    expect(page.locator(".pager")).to_contain_text("1 to 50 of 130 requests")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator(".pager")).to_contain_text("51 to 100 of 130 requests")
    page.get_by_role("link", name="3", exact=True).click()
    expect(page.locator(".pager")).to_contain_text("101 to 130 of 130 requests")
    assert rows(page) == 30
    page.goto("/requests?offset=5000&limit=7&range=nonsense&open=x&status=strange")
    expect(page.locator(".pager")).to_contain_text("101 to 130 of 130 requests")


def test_everything_works_without_scripts(site: Site, log: Log, signed_in: SignedIn) -> None:
    many(log, 20)
    log.write()
    page = signed_in("owner", java_script_enabled=False)
    page.goto("/requests")
    page.locator("tr.r .twist").first.click()
    expect(page.locator("tr.d")).to_contain_text("question 0")
    page.locator("summary", has_text="Model").click()
    page.get_by_role("link", name="Choose model…").click()
    page.get_by_label("model-3").check()
    page.get_by_role("button", name="Show requests").click()
    total(page, "3")
    page.get_by_role("searchbox", name="Search requests").fill("question 3")
    page.get_by_role("button", name="Apply").click()
    total(page, "1")


def test_what_somebody_hostile_sent_stays_text(log: Log, signed_in: SignedIn) -> None:
    """In rows, in details, in menus, on the overview, and in a value on its own. Nothing runs, nothing is requested."""
    id_ = hostile(log)
    log.write()
    page = signed_in("owner")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for path in ("/requests", f"/requests?open={id_}", f"/requests/{id_}", "/overview", "/requests/menus/model"):
        page.goto(path)
        expect(page.locator("main")).to_contain_text(HOSTILE)
        assert page.locator("img").count() == 0
    page.goto("/requests")
    page.locator("summary", has_text="Client").click()
    expect(page.get_by_role("group", name="Client", exact=True)).to_contain_text(f"c{HOSTILE}")
    page.keyboard.press("Escape")
    page.locator(".chart .col").last.hover()
    assert page.locator("img").count() == 0


def test_members_see_their_own_only(site: Site, log: Log, signed_in: SignedIn) -> None:
    mine, others = log.add("milo", "mine"), log.add("olivia", "not his", tool_usages=(call("x"),))
    log.write()
    page = signed_in("member")
    page.goto("/requests?user=olivia")
    total(page, "1")
    expect(page.get_by_text("You can see only your own requests.")).to_be_visible()
    expect(page.locator("summary", has_text="User")).to_have_count(0)
    page.goto(f"/requests?open={others}")
    expect(page.locator("tr.d")).to_have_count(0)
    call_id = site.run(site.store.reader.interception(others, None)).tool_usages[0].id  # type: ignore[union-attr]
    for path in (
        f"/requests/{others}",
        f"/requests/{others}/values/{call_id}",
        f"/requests/{mine}/values/{call_id}",
        f"/requests/{others}/values/{call_id}/download",
        f"/requests/{new_id()}",
        "/requests/menus/user",
        "/requests/nonsense",
    ):
        assert page.request.get(path).status == 404, path
    exported = page.request.get("/requests/export.csv").text()
    assert "mine" in exported
    assert "not his" not in exported


def test_large_values_are_shown_in_part(log: Log, signed_in: SignedIn) -> None:
    """Over 64 KB the beginning and a way to all of it; over 2 MB a download only."""
    written = '{"file_path":"b","content":"' + "x" * 1_200_000
    large = log.add("milo", "big", tool_usages=(call("w", tool="Write", input=written),))
    huge = log.add("milo", "y" * 3_000_000)
    log.write()
    page = signed_in("owner")
    page.goto(f"/requests/{large}")
    page.get_by_role("link", name="Show all (1.1 MB)").click()
    expect(page.get_by_role("heading", name="Arguments of Write")).to_be_visible()
    assert page.locator("pre").text_content() == written
    page.goto(f"/requests/{huge}")
    expect(page.get_by_text("2.9 MB: too large to be shown here.")).to_be_visible()
    assert len(page.content()) < 100_000
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().stat().st_size == 3_000_000


def test_what_comes_meanwhile_is_announced(site: Site, log: Log, signed_in: SignedIn) -> None:
    many(log, 3)
    log.write()
    page = signed_in("owner")
    with page.expect_request("**/events"):
        page.goto("/requests")
    button = page.locator("[data-news]")
    expect(button).to_be_hidden()
    expect(page.locator("live-events[listening]")).to_be_attached()
    many(log, 2)
    log.write()
    expect(button).to_contain_text("2 new requests")
    assert rows(page) == 3
    button.click()
    total(page, "5")


@pytest.mark.parametrize("path", ["/requests", "/sessions"])
def test_only_what_matches_is_announced(log: Log, signed_in: SignedIn, path: str) -> None:
    """Under a filter the number is that of what the list will show, also after another value was chosen."""
    many(log, 3)
    log.write()
    page = signed_in("owner")
    page.goto(f"{path}?q=special")
    expect(page.locator("live-events[listening]")).to_be_attached()
    button = page.locator("[data-news]")
    many(log, 2)
    log.add("milo", "something special", ago=timedelta(microseconds=1))
    log.write()
    expect(button).to_have_text("1 new request")
    button.click()
    expect(page.locator("tr.r")).to_have_count(1)
    expect(page.locator("[data-news]")).to_be_hidden()
    page.get_by_role("searchbox", name="Search").first.fill("question")
    expect(page).to_have_url(re.compile("q=question"))
    expect(page.locator("live-events[listening][src*=question]")).to_be_attached()
    log.add("milo", "something special", ago=timedelta(microseconds=1))
    log.add("milo", "one more question", ago=timedelta(microseconds=1))
    log.write()
    expect(page.locator("[data-news]")).to_have_text("1 new request")


def test_a_list_that_cannot_be_loaded_keeps_its_rows(log: Log, signed_in: SignedIn) -> None:
    many(log, 3)
    log.write()
    page = signed_in("owner")
    page.goto("/requests")
    page.route("**/requests?*", lambda route: route.fulfill(status=429))
    page.get_by_role("searchbox", name="Search requests").fill("question")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    assert rows(page) == 3
    page.unroute("**/requests?*")
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    total(page, "3")


@pytest.mark.parametrize(
    ("path", "sentence", "way"),
    [
        ("/requests", "No requests in the last 24 hours", "Search the last 90 days"),
        ("/requests?range=90d", "No requests yet", "Connect a client"),
        ("/requests?model=none", "No requests match these filters", "Search the last 90 days"),
        ("/overview", "No requests in the last 24 hours", "Connect a client"),
        ("/overview?range=90d", "No requests yet", "Connect a client"),
    ],
)
def test_nothing_to_show_is_a_sentence_with_a_way_out(signed_in: SignedIn, path: str, sentence: str, way: str) -> None:
    page = signed_in("owner")
    page.goto(path)
    expect(page.get_by_role("heading", name=sentence)).to_be_visible()
    expect(page.locator("main").get_by_role("link", name=way).first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_in_any_state(log: Log, signed_in: SignedIn, scheme: str) -> None:
    ids = endings(log)
    log.write()
    page = signed_in("owner", color_scheme=scheme)
    for path in ("/requests", f"/requests?open={ids['tools']}", f"/requests/{ids['failed']}", "/requests?model=none"):
        page.goto(path)
        assert violations(page) == []
    page.goto("/requests?client=Claude+Code")
    page.locator("summary", has_text="Model").click()
    expect(page.get_by_role("group", name="Model", exact=True).get_by_role("checkbox")).not_to_have_count(0)
    assert violations(page) == []
    page.goto("/overview")
    assert violations(page) == []
    page.get_by_text("Show as table").first.click()
    assert violations(page) == []
