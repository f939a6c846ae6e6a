"""What stands around a client: the scripted provider, a real gateway process, a way out that is shut."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from acceptance import Acceptance
from record import Row

from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.received import Received
from aibridge.demo.script import Answer, Raw

CENTRAL_KEY = "sk-central-0123456789abcdef"
ROOT = "/api/v2/aibridge"
READY_SECONDS = 60
STOP_SECONDS = 30
ENDED_SECONDS = 15
"""A run's last interceptions may end shortly after its client did."""

NO_WEBSOCKET = b"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass
class House:
    """Everything that runs while clients come and go."""

    provider: str
    script: Acceptance
    gateway: str
    token: str
    proxy: str

    async def rows(self, skip: int, count: int) -> list[Row]:
        """The interceptions after the first `skip`, oldest first, once there are so many; or what there is."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            deadline = asyncio.get_running_loop().time() + ENDED_SECONDS
            while (page := await self._page(http, limit=1000))["total"] - skip < count:
                if asyncio.get_running_loop().time() > deadline:
                    break
                await asyncio.sleep(0.1)
        new = page["total"] - skip
        return list(reversed(page["results"][:new])) if new else []

    async def total(self) -> int:
        """How many interceptions have ended."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            return int((await self._page(http, limit=1))["total"])

    async def _page(self, http: httpx.AsyncClient, limit: int) -> Row:
        address = f"{self.gateway}{ROOT}/interceptions"
        answer = await http.get(address, params={"limit": limit}, headers={"authorization": f"Bearer {self.token}"})
        answer.raise_for_status()
        page: Row = answer.json()
        return page


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """Start everything; at the end nothing is left running."""
    script = Acceptance()
    provider = Provider(script=script, elsewhere=_elsewhere)
    async with serve_provider(provider) as upstream, _shut_proxy() as proxy:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIBRIDGE_")},
            "NO_PROXY": "127.0.0.1",
            "AIBRIDGE_LISTEN": "127.0.0.1:0",
            "AIBRIDGE_DATA_DIR": str(folder),
            "AIBRIDGE_LOG_FORMAT": "json",
            "AIBRIDGE_ANTHROPIC_KEY": CENTRAL_KEY,
            "AIBRIDGE_ANTHROPIC_BASE_URL": upstream,
            "AIBRIDGE_OPENAI_KEY": CENTRAL_KEY,
            "AIBRIDGE_OPENAI_BASE_URL": f"{upstream}/v1",
        }
        async with _gateway(environ, folder / "gateway.log") as address:
            await _aibridge(environ, "users", "create", "olivia", "--role", "owner")
            token = await _aibridge(environ, "tokens", "create", "olivia")
            yield House(upstream, script, address, token, proxy)


def _elsewhere(received: Received) -> Answer | None:
    """Codex's own provider tries a WebSocket first; 426 sends it to HTTP at once."""
    asked = (received.header(b"upgrade") or b"").lower() == b"websocket"
    return Answer(parts=(Raw(NO_WEBSOCKET),), bare=True) if asked else None


@asynccontextmanager
async def _gateway(environ: dict[str, str], log: Path) -> AsyncIterator[str]:
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "aibridge", "serve"), env=environ, stdout=written, stderr=written
        )
    try:
        async with asyncio.timeout(READY_SECONDS):
            while (address := _address(log)) is None:
                if process.returncode is not None:
                    raise SystemExit(f"The gateway did not start:\n{log.read_text()}")
                await asyncio.sleep(0.1)
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()


def _address(log: Path) -> str | None:
    for line in log.read_text().splitlines():
        if "is listening" in line:
            return str(json.loads(line)["url"])
    return None


async def _aibridge(environ: dict[str, str], *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aibridge", *arguments), env=environ, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"aibridge {' '.join(arguments)} failed")
    return said.decode().strip()


@asynccontextmanager
async def _shut_proxy() -> AsyncIterator[str]:
    """A proxy that lets nobody out: no client may call home from here."""

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
