"""The proxy that `deploy/nginx.conf` sets up, with a real nginx where there is one."""

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from aibridge.auth.passwords import hash_password
from aibridge.demo.script import Gate, Hold, Text
from support import asking
from support.gateway import ROOT
from support.stage import Stage, open_stage

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
AROUND = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {shipped}
}}
"""
PASSWORD = "correct horse battery staple"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shipped(folder: Path, *, gateway: int, port: int) -> str:
    """The file as it is, with the four places replaced that its first lines ask to replace."""
    text = CONFIGURATION.read_text()
    for there, here in (
        ("server 127.0.0.1:4180;", f"server 127.0.0.1:{gateway};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/aibridge.pem", f"{folder}/chain.pem"),
        ("/etc/ssl/aibridge.key", f"{folder}/key.pem"),
    ):
        assert there in text
        text = text.replace(there, here)
    return text


@asynccontextmanager
async def before(stage: Stage, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who reaches the gateway through nginx alone."""
    authority, port = trustme.CA(), free_port()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(folder / "chain.pem", append=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        AROUND.format(folder=folder, shipped=shipped(folder, gateway=stage.gateway.port, port=port))
    )
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    assert NGINX is not None
    nginx = await asyncio.create_subprocess_exec(NGINX, "-e", str(folder / "nginx.log"), "-c", str(configuration))
    try:
        async with httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}", verify=trusting, trust_env=False, timeout=60
        ) as http:
            async with asyncio.timeout(60):
                while not await answers(http):
                    assert nginx.returncode is None, (folder / "nginx.log").read_text()
                    await asyncio.sleep(0.02)
            yield http
    finally:
        if nginx.returncode is None:
            nginx.terminate()
        await nginx.wait()


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    async with open_stage(database, environ={"AIBRIDGE_TRUSTED_PROXIES": "127.0.0.1"}) as opened:
        yield opened


async def test_events_come_through_while_the_provider_is_silent(stage: Stage, tmp_path: Path) -> None:
    gate = Gate()
    stage.says([Text("first"), Hold(gate), Text("second")])
    async with before(stage, tmp_path) as http:
        asked = http.stream(
            "POST",
            f"{ROOT}/anthropic/v1/messages",
            content=asking.messages(stream=True),
            headers={"authorization": f"Bearer {stage.token}"},
        )
        heard = b""
        async with asked as answer:
            async for chunk in answer.aiter_raw():
                heard += chunk
                if b"first" in heard:
                    assert gate.opened or b"second" not in heard
                    gate.open()
    assert b"second" in heard


async def test_the_gateway_is_the_one_that_refuses_a_large_body(database: str, tmp_path: Path) -> None:
    """What is too large is told in the provider's shape; what is not, passes whatever nginx allows by itself."""
    sizes = {"AIBRIDGE_MAX_BODY": "3MiB"}
    async with open_stage(database, environ=sizes) as stage, before(stage, tmp_path) as http:
        stage.says([Text("hello")])
        taken, refused = [
            await http.post(
                f"{ROOT}/anthropic/v1/messages",
                content=asking.messages(system="x" * length),
                headers={"authorization": f"Bearer {stage.token}"},
            )
            for length in (2 * 2**20, 4 * 2**20)
        ]
        assert (taken.status_code, refused.status_code) == (200, 413)
        assert refused.json()["type"] == "error"


async def test_a_sign_in_comes_from_where_the_browser_is(stage: Stage, tmp_path: Path) -> None:
    """Of what the browser made up itself, nothing counts but what a trusted address has said."""
    people, sign_ins = stage.gateway.worker.store.people, stage.gateway.worker.store.sign_ins
    milo = await people.create_user("milo", password_hash=await asyncio.to_thread(hash_password, PASSWORD))
    async with before(stage, tmp_path) as http:
        form = {"name": "milo", "password": PASSWORD}
        answer = await http.post("/signin", data=form, headers={"x-forwarded-for": "192.0.2.1, 203.0.113.9"})
        assert answer.status_code == 303
    (kept,) = await sign_ins.of(milo.id)
    assert kept.address == "203.0.113.9"


async def test_metrics_are_not_for_the_public(stage: Stage, tmp_path: Path) -> None:
    async with before(stage, tmp_path) as http:
        assert (await http.get("/metrics")).status_code == 403
        assert (await http.get("/api/v2/aibridge/interceptions")).status_code == 401
