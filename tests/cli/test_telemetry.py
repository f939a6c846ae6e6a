"""`aibridge telemetry preview`: what would be sent, shown before anything is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from aibridge.ops.telemetry import last_full_hour
from aibridge.store.pool import Store
from aibridge.store.telemetry import HOUR
from support.receiver import receiver
from support.rows import begun, finished, prompt
from support.terminal import Terminal


async def test_the_last_full_hour_is_shown_and_not_sent(
    tmp_path: Path, database: str, store: Store, alice: UUID
) -> None:
    """With telemetry on and off alike; whatever ends while the test looks is in no full hour."""
    end = last_full_hour(datetime.now(UTC))
    for hours in (0.5, 0.75, 1.5):
        row = begun(alice, started_at=end - hours * HOUR, user_prompt=prompt("a secret plan"))
        await store.write_begun([row])
        await store.write_finished([finished(row, ended_at=row.started_at + timedelta(seconds=2))])
    async with receiver() as there:
        on = Terminal(tmp_path, DATABASE_URL=database, TELEMETRY_URL=there.url).read("telemetry", "preview")
        assert there.reports == []
    off = Terminal(tmp_path, DATABASE_URL=database).read("telemetry", "preview")
    if last_full_hour(datetime.now(UTC)) != end:
        return  # the hour has just struck
    assert on == off
    report = json.loads(off)
    assert (report["event"], report["report_id"]) == ("aibridge_interceptions_summary", None)
    assert datetime.fromisoformat(report["period_ending_at"]) == end
    (summary,) = report["summaries"]
    assert (summary["interception_count"], summary["user_prompts_count"]) == (2, 2)
    assert summary["interception_duration_millis"]["p50"] == 2000
    assert "secret plan" not in off
    assert "alice" not in off


def test_an_hour_without_traffic_shows_no_summaries(tmp_path: Path, empty_database: str) -> None:
    """The database may even be new."""
    shown = Terminal(tmp_path, DATABASE_URL=empty_database).read("telemetry", "preview")
    assert json.loads(shown)["summaries"] == []


def test_a_receiver_must_be_an_address(tmp_path: Path) -> None:
    ended = Terminal(tmp_path, TELEMETRY_URL="collector:80").call("telemetry", "preview")
    assert ended.status == 1
    assert "AIBRIDGE_TELEMETRY_URL must be a URL" in ended.err
