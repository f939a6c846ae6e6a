"""`aibridge demo` as people start it: a process, its own PostgreSQL, and the record read back through the API."""

import asyncio
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aibridge.config import LogLevel, load_settings
from aibridge.demo.house import quiet, staged_settings
from aibridge.demo.people import PEOPLE
from aibridge.store.embedded import locks

PROGRAM = """
import os, sys
from pathlib import Path
from aibridge.config import load_settings
from aibridge.demo import demo
sys.exit(demo(load_settings(os.environ, Path.cwd()), past=int(sys.argv[1])))
"""


@dataclass
class Demo:
    """A running demo and everything it printed."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def until(self, words: str) -> None:
        assert self.process.stdout is not None
        while not any(words in line for line in self.lines):
            line = await self.process.stdout.readline()
            assert line, f"the demo ended before it said {words!r}:\n{self.text}"
            self.lines.append(line.decode().rstrip("\n"))

    async def end(self) -> int:
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            self.lines += (await self.process.stdout.read()).decode().splitlines()
            return await self.process.wait()


@asynccontextmanager
async def started(folder: Path, *, past: int = 0) -> AsyncIterator[Demo]:
    environ = {
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "AIBRIDGE_LISTEN": "127.0.0.1:0",
        "AIBRIDGE_DATA_DIR": str(folder / "data"),
        "AIBRIDGE_ANTHROPIC_KEY": "sk-ant-api03-real",
        "AIBRIDGE_ANTHROPIC_BASE_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(past)),
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**20,
    )
    try:
        yield Demo(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def opened(link: str) -> str:
    """The page that a browser arrives at."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=60) as http:
        answer = await http.get(link, headers={"accept": "text/html"})
    assert (answer.status_code, answer.url.params.get("token")) == (200, None)
    return answer.text


def command_of(demo: Demo) -> str:
    """The `curl` line of the welcome."""
    return next(line for line in demo.lines if line.lstrip().startswith("curl "))


async def record(command: str) -> list[dict[str, Any]]:
    """What the `curl` line of the welcome prints, with everything instead of three."""
    words = shlex.split(command)
    assert words[:2] == ["curl", "-H"]
    name, _, value = words[2].partition(": ")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.get(words[3].replace("limit=3", "limit=1000"), headers={name: value})
    assert answer.status_code == 200
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def test_the_demo_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    """No key, no network, not even the proxy of the environment; the record is rich; SIGTERM leaves nothing behind."""
    async with asyncio.timeout(240), started(tmp_path) as demo:
        await demo.until("The first sessions are on the record")
        link = next(line for line in demo.lines if re.fullmatch(r"http://127\.0\.0\.1:\d+/signin\?token=\S+", line))
        for _ in range(2):  # the link is not used up
            assert "Maren Solberg" in await opened(link)
        rows = await record(command_of(demo))
        assert await demo.end() == 0
    assert "invented" in demo.lines[0]
    assert [line for line in demo.lines if "broke off" in line or "Traceback" in line or line.startswith("{")] == []
    assert "sk-ant-api03-real" not in demo.text
    assert demo.lines[-1] == "The demo has ended. What it recorded is kept until its next start."
    assert not locks.is_held(tmp_path / "data" / "postgres.alive")
    assert_is_believable(rows)


def assert_is_believable(rows: list[dict[str, Any]]) -> None:
    assert {row["client"] for row in rows} == {"Claude Code", "Codex", "OpenCode", "Unknown"}
    assert {row["endpoint"] for row in rows} == {"/v1/messages", "/v1/chat/completions", "/v1/responses"}
    assert {row["outcome"] for row in rows} == {"completed", "failed", "cancelled", "truncated"}
    assert {"rate_limited", "overloaded", "server_error"} <= {row["error_type"] for row in rows}
    assert len({row["initiator"]["username"] for row in rows}) >= 7
    by_id = {row["id"]: row for row in rows}
    for row in rows:
        assert row["body_sha256_received"] == row["body_sha256_sent"]
        assert not row["unread"]
        assert bool(row["user_prompts"]) is (row["thread_parent_id"] is None and not row["side_request"])
        if row["thread_parent_id"]:
            assert by_id[row["thread_parent_id"]]["session_id"] == row["session_id"]
            assert row["thread_root_id"] in by_id
        if row["outcome"] == "completed":
            (usage,) = row["token_usages"]
            assert usage["input_tokens"] > 0
            assert usage["output_tokens"] > 0
    assert any(row["side_request"] and row["metadata"]["side_prompt"] for row in rows)
    subagents = [row for row in rows if row["metadata"].get("subagent") or row["parent_agent_id"]]
    assert "Claude Code" in {row["client"] for row in subagents}  # who else has some is chance


async def test_the_demo_has_a_past(tmp_path: Path) -> None:
    """Weeks of sessions of the same people, clients and providers, there before the first page is opened."""
    async with asyncio.timeout(240), started(tmp_path, past=600) as demo:
        await demo.until("Ctrl-C ends the demo")
        rows = await record(command_of(demo))
        assert await demo.end() == 0
    begun = [datetime.fromisoformat(row["started_at"]) for row in rows]
    assert len(rows) >= 600
    assert max(begun) - min(begun) > timedelta(days=30)
    assert {row["initiator"]["name"] for row in rows} <= {person.name for person in PEOPLE if person.clients}
    assert {row["provider_name"] for row in rows} == {"anthropic", "openai"}
    assert {row["client"] for row in rows} == {"Claude Code", "Codex", "OpenCode", "Unknown"}


async def test_a_demo_that_cannot_start_says_so_at_once(tmp_path: Path) -> None:
    """The address of somebody else: one error, raised to the terminal's own handling, nothing started."""
    async with started(tmp_path) as first:
        async with asyncio.timeout(60):
            await first.until("It runs at ")
        port = re.search(r"It runs at http://127\.0\.0\.1:(\d+)", first.text)
        assert port is not None
        taken = load_settings({"HOME": str(tmp_path), "AIBRIDGE_LISTEN": f"127.0.0.1:{port[1]}"}, tmp_path)
        from aibridge.demo import demo
        from aibridge.errors import SettingsError

        with pytest.raises(SettingsError, match="AIBRIDGE_LISTEN"):
            demo(taken, past=0)
        assert await first.end() == 0


def test_nothing_of_the_real_settings_is_reached() -> None:
    """The real providers and the real database are out of the demo's reach; what a person set stays."""
    environ = {
        "HOME": "/home/ada",
        "AIBRIDGE_DATABASE_URL": "postgresql://db/real",
        "AIBRIDGE_DATABASE_DIRECT_URL": "postgresql://db/direct",
        "AIBRIDGE_ANTHROPIC_KEY": "sk-ant-real",
        "AIBRIDGE_PROVIDER_0_TYPE": "copilot",
        "AIBRIDGE_LISTEN": "127.0.0.1:9",
    }
    staged = staged_settings(load_settings(environ, Path("/nonexistent")), "http://127.0.0.1:7", "http://127.0.0.1:8")
    assert [(provider.name, provider.base_url) for provider in staged.providers] == [
        ("anthropic", "http://127.0.0.1:7"),
        ("openai", "http://127.0.0.1:7/v1"),
    ]
    assert all(provider.key.reveal() == "sk-demo-0000000000000000" for provider in staged.providers)
    assert (staged.database_url, staged.database_direct_url) == (None, None)
    assert staged.access_url == "http://127.0.0.1:8"
    assert staged.listen.port == 9


@pytest.mark.parametrize(("chosen", "level"), [("info", "error"), ("debug", "debug"), ("error", "error")])
def test_the_log_leaves_the_terminal_to_the_play(chosen: str, level: str) -> None:
    """Only the usual level is lowered: who asks for another one gets it."""
    settings = load_settings({"HOME": "/home/ada", "AIBRIDGE_LOG_LEVEL": chosen}, Path("/nonexistent"))
    assert quiet(settings).log_level is LogLevel(level)
