"""Everything that is recorded as lines of the log, for those who asked for them."""

import re
from collections import Counter
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aibridge.demo.script import CallTool, Text, Think
from aibridge.ops.logs import LogFormat, configure_logs
from support import asking
from support.stage import Stage, open_stage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "logs.md"
ON = {"AIBRIDGE_LOG_RECORDS": "true"}


def records(logged: list[MutableMapping[str, Any]]) -> dict[str, MutableMapping[str, Any]]:
    """The lines of the record by their type, of which each stands there once."""
    found = [line for line in logged if line["event"] == "interception log"]
    assert set(Counter(line["record_type"] for line in found).values()) <= {1}
    assert {line["log_level"] for line in found} <= {"info"}
    return {line["record_type"]: line for line in found}


def documented() -> dict[str, list[str]]:
    """The fields of each type, as the page about logs shows them."""
    rows = re.findall(r"^\| `(\w+)` \| (`interception_id`.*) \|$", PAGE.read_text(), re.MULTILINE)
    return {record_type: re.findall(r"`(\w+)`", fields) for record_type, fields in rows}


async def exchange(stage: Stage) -> int:
    stage.says([Think("hm"), Text("hello"), CallTool("ls", {"path": "/"})])
    return (await stage.gateway.post("/v1/messages", asking.messages("list it"))).status_code


async def test_a_line_of_each_type(database: str) -> None:
    """Their order is that of the recorder: the end is last."""
    async with open_stage(database, environ=ON) as stage:
        with capture_logs() as logged:
            assert await exchange(stage) == 200
        lines, row = records(logged), await stage.gateway.only()
        user = stage.gateway.user
    assert list(lines) == [
        "interception_start",
        "prompt_usage",
        "token_usage",
        "tool_usage",
        "model_thought",
        "interception_end",
    ]
    for record_type, line in lines.items():
        assert set(documented()[record_type]) == set(line) - {"event", "log_level", "record_type"}, record_type
    assert {line["interception_id"] for line in lines.values()} == {row["id"]}
    start = lines["interception_start"]
    assert (start["initiator_id"], start["provider"], start["provider_name"]) == (
        str(user.id),
        "anthropic",
        "anthropic",
    )
    assert start["api_key_id"] in user.token
    assert (start["model"], start["client"], start["client_session_id"]) == (row["model"], "Unknown", None)
    assert start["correlating_tool_call_id"] is None
    assert start["metadata"] == row["metadata"]
    assert lines["prompt_usage"]["prompt"] == "list it"
    assert lines["token_usage"]["input_tokens"] == row["token_usages"][0]["input_tokens"]
    assert {"output_tokens", "cache_read_input_tokens", "cache_write_input_tokens", "msg_id"} <= set(
        lines["token_usage"]
    )
    tool = lines["tool_usage"]
    assert (tool["tool"], tool["input"], tool["injected"], tool["server_url"]) == ("ls", '{"path":"/"}', False, None)
    assert tool["tool_call_id"] == row["tool_usages"][0]["provider_tool_call_id"]
    assert lines["model_thought"]["content"] == "hm"
    assert lines["interception_end"]["outcome"] == "completed"
    assert all(
        line[name].startswith("20")
        for line in lines.values()
        for name in ("started_at", "ended_at", "created_at")
        if name in line
    )


async def test_no_line_unless_it_is_asked_for(database: str) -> None:
    async with open_stage(database) as stage:
        with capture_logs() as logged:
            assert await exchange(stage) == 200
    assert records(logged) == {}


async def test_what_the_database_does_not_take_is_a_line_all_the_same(database: str) -> None:
    """The line is written first; however often the row is tried, there is one."""
    async with open_stage(database, environ=ON | {"AIBRIDGE_BEGIN_TIMEOUT": "200ms"}) as stage:
        with capture_logs() as logged:
            async with stage.record_held():
                assert await exchange(stage) == 503
    lines = records(logged)
    assert {"interception_start", "prompt_usage", "interception_end"} <= set(lines)
    assert lines["interception_end"]["outcome"] == "failed"


async def test_a_secret_in_a_prompt_is_none_in_the_log(database: str, capfd: pytest.CaptureFixture[str]) -> None:
    """What people paste goes through the same door as every line."""
    configure_logs(LogFormat.JSON)
    async with open_stage(database, environ=ON) as stage:
        stage.says(Text("ok"))
        await stage.gateway.post("/v1/messages", asking.messages("my key is sk-ant-api03-c4n4ryC4N4RYc4n4ry"))
    out = capfd.readouterr().err
    assert "my key is [masked]" in out
    assert "c4n4ry" not in out
