"""Figures of real exchanges, as they stand on the page."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from aibridge.demo.script import CallTool, Fail, Text
from support import asking
from support.stage import Stage, open_stage


async def figures(stage: Stage) -> dict[str, float]:
    """Sums over all series of each name; with the value of `kind`, `work` or `status` where there is one."""
    page = (await stage.gateway.http.get(f"{stage.gateway.url}/metrics")).text
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            by = next((sample.labels[name] for name in ("kind", "work", "status") if name in sample.labels), "")
            name = f"{sample.name} {by}".strip()
            found[name] = found.get(name, 0) + sample.value
    return found


async def test_an_exchange_is_counted_where_it_happens(database: str) -> None:
    """Its prompt, its tokens, its tools, and what writing them took."""
    async with open_stage(database) as stage:
        stage.says([Text("hello"), CallTool("ls", {"path": "/"})], Fail(529))
        for _ in range(2):
            await stage.gateway.post("/v1/messages", asking.messages("hi"))
        row = (await stage.gateway.interceptions())[1]
        found = await figures(stage)
    assert found["aibridge_interceptions_total completed"] == 1
    assert found["aibridge_interceptions_total failed"] == 1
    assert found["aibridge_interceptions_inflight"] == 0
    assert found["aibridge_prompts_total"] == 2
    (usage,) = row["token_usages"]
    columns = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")
    assert found["aibridge_tokens_total"] == sum(usage[name] for name in columns)
    assert found["aibridge_non_injected_tool_selections_total"] == 1
    for kind in ("begin", "finish"):
        assert found[f"aibridge_record_batch_rows_sum {kind}"] == 2
        assert found[f"aibridge_record_commit_seconds_count {kind}"] >= 1
        assert found[f"aibridge_record_queue_rows {kind}"] == 0
        assert found[f"aibridge_record_lost_tries_total {kind}"] == 0
    for work in ("heartbeat", "recovery", "telemetry", "retention"):
        assert found[f"aibridge_upkeep_last_done_timestamp_seconds {work}"] > 0


async def test_a_record_that_is_not_taken_shows_in_the_figures(database: str) -> None:
    """A promise that was broken, tries that were lost, a row that waits; and that it was written in the end."""
    async with open_stage(database, environ={"AIBRIDGE_BEGIN_TIMEOUT": "300ms"}) as stage:
        stage.says(Text("hello"))
        async with stage.record_held():
            assert (await stage.gateway.post("/v1/messages", asking.messages("hi"))).status_code == 503
            found = await figures(stage)
            assert found["aibridge_begin_failures_total"] == 1
            assert found["aibridge_record_lost_tries_total begin"] >= 1
            assert found["aibridge_record_queue_rows begin"] == 1
        await stage.gateway.ended()
        found = await figures(stage)
        assert found["aibridge_record_queue_rows begin"] == 0
        assert found["aibridge_record_batch_rows_sum begin"] == 1


async def test_scrapes_and_requests_at_the_same_time(database: str) -> None:
    """The page is made in a thread while series are being added: it is whole every time."""
    async with open_stage(database) as stage:
        stage.says(Text("hello"))

        async def scrape() -> None:
            for _ in range(6):
                assert (await figures(stage))["aibridge_workers"] == 1

        async def ask(number: int) -> None:
            body = asking.messages("hi", model=f"model-{number}")
            assert (await stage.gateway.post("/v1/messages", body)).status_code == 200

        async with asyncio.TaskGroup() as tasks:
            for each in (*(scrape() for _ in range(3)), *(ask(number) for number in range(40))):
                tasks.create_task(each)
        assert (await figures(stage))["aibridge_interceptions_total completed"] == 40
