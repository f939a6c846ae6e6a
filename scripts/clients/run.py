"""Real clients through a real gateway, and the record that it made of them, compared with what was said.

run.py                              every client, every errand, central key
run.py --ways straight central byok --clients claude codex --errands tool_loop cancel
"""

import argparse
import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from acceptance import FAULTS
from clients import CLIENTS, Client, Start, environment
from house import CENTRAL_KEY, ROOT, House, open_house
from record import Run, differences

CHECKOUT = Path(__file__).resolve().parents[2]
ERRANDS = ("text", "tool_loop", "parallel", "subagent", "resume", "cancel", *FAULTS)
WAYS = ("straight", "central", "byok")
OWN_KEYS = {"anthropic": "sk-ant-api03-own-0123456789abcdef", "openai": "sk-proj-own-0123456789abcdef"}
PATIENCE = 180
"""Seconds for one process of a client."""
LEAVE_SECONDS = 20
"""From Ctrl-C to the end of the process."""


@dataclass
class Ended:
    """How a process of a client ended."""

    status: int | None
    """None: it had to be killed."""
    said: str


@dataclass
class Stay:
    """One run of a client: its way, its home, its errand."""

    house: House
    client: Client
    errand: str
    way: str
    root: Path
    home: Path

    async def run(self) -> list[str]:
        """Run the errand. Returns what went wrong on the client's side."""
        if self.errand == "resume":
            return [*await self._once("tool_loop"), *await self._once("tool_loop", again=True)]
        return await self._once(self.errand)

    @property
    def key(self) -> str:
        """What the provider must see."""
        return CENTRAL_KEY if self.way == "central" else OWN_KEYS[self.client.provider]

    async def _once(self, errand: str, *, again: bool = False) -> list[str]:
        mark = secrets.token_hex(4)
        before = len(self.house.script.exchanges)
        ended = await self._process(
            f"Please do this. errand={errand} mark={mark}", cancel=errand == "cancel", again=again
        )
        if errand == "cancel":
            return [] if ended.status is not None else [f"did not end within {LEAVE_SECONDS} s of Ctrl-C"]
        wrong = [] if ended.status == 0 else [f"exit status {ended.status}: {ended.said[-300:]}"]
        if f"PASSED-{mark}" not in ended.said:
            wrong.append("the final answer was not printed")
        if again and not any(
            _remembers(exchange.request.json, mark) for exchange in self.house.script.exchanges[before:]
        ):
            wrong.append("the first conversation was not sent along")
        return wrong

    async def _process(self, prompt: str, *, cancel: bool, again: bool) -> Ended:
        start = Start(
            root=self.root,
            url=self._url(),
            key=self.house.token if self.way == "central" else self.key,
            headers={"X-AIBridge-Token": self.house.token} if self.way == "byok" else {},
            model=self.client.model,
            prompt=prompt,
            home=self.home,
            again=again,
        )
        arguments, added = self.client.start(start)
        before = len(self.house.script.exchanges)
        with (self.home / "said").open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                cwd=self.home / "work",
                env=environment(self.home, self.root, self.house.proxy) | added,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if cancel:
                await self._begun(before)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)
            async with asyncio.timeout(LEAVE_SECONDS if cancel else PATIENCE):
                await process.wait()
        except TimeoutError:
            return Ended(None, self._said())
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # this client's own session of processes
            await process.wait()
        return Ended(process.returncode, self._said())

    def _said(self) -> str:
        return (self.home / "said").read_text(errors="replace")

    async def _begun(self, before: int) -> None:
        """Wait until an answer has been on its way for a moment."""
        async with asyncio.timeout(PATIENCE):
            await self.house.script.heard(before)
        await asyncio.sleep(2)

    def _url(self) -> str:
        version = "" if self.client.provider == "anthropic" else "/v1"
        if self.way == "straight":
            return f"{self.house.provider}{version}"
        return f"{self.house.gateway}{ROOT}/{self.client.provider}{version}"


def _remembers(body: dict[str, object], mark: str) -> bool:
    """Whether another errand than this one stands in the conversation."""
    return "mark=" in str(body).replace(f"mark={mark}", "")


async def stay(house: House, client: Client, errand: str, way: str, root: Path) -> tuple[list[str], list[str]]:
    """Run one client. Returns what went wrong on its side, and what is wrong with the record."""
    home = Path(tempfile.mkdtemp(prefix="aibridge-client-"))
    (home / "work").mkdir()
    before, skip = len(house.script.exchanges), await house.total()
    visit = Stay(house, client, errand, way, root, home)
    try:
        wrong = await visit.run()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    exchanges = house.script.exchanges[before:]
    if way == "straight":
        return wrong, []
    rows = await house.rows(skip, len(exchanges))
    return wrong, differences(Run(client, errand, way == "byok", visit.key, exchanges), rows)


async def run_all(chosen: argparse.Namespace) -> int:
    """Run what was chosen, print a line each, return how many are not as they should be."""
    bad = 0
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    with tempfile.TemporaryDirectory(prefix="aibridge-clients-", ignore_cleanup_errors=True) as folder:
        async with open_house(Path(folder)) as house:
            for way in chosen.ways:
                for errand in chosen.errands:
                    for client in (CLIENTS[name] for name in chosen.clients):
                        bad += await _line(house, client, errand, way, chosen.root)
    return bad


async def _line(house: House, client: Client, errand: str, way: str, root: Path) -> bool:
    if way == "byok" and not client.sends_headers:
        return False
    began = time.monotonic()
    wrong, record = await stay(house, client, errand, way, root)
    excuse = client.cannot.get(errand) if wrong else None
    done = "cannot" if excuse else "FAILED" if wrong else "passed"
    compared = "" if way == "straight" else "WRONG" if record else "right"
    lasted = f"{time.monotonic() - began:.0f} s"
    print(f"{way:9}{errand:17}{client.name:21}{done:8}{compared:7}{lasted:>6}  {excuse or ''}", flush=True)
    for what in [*([] if excuse else wrong), *record]:
        print(f"      {what}", flush=True)
    return bool((wrong and not excuse) or record)


def main() -> int:
    """Read the command line and run."""
    about = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    about.add_argument("--clients", nargs="+", choices=CLIENTS, default=list(CLIENTS))
    about.add_argument("--errands", nargs="+", choices=ERRANDS, default=list(ERRANDS))
    about.add_argument("--ways", nargs="+", choices=WAYS, default=["central", "byok"])
    about.add_argument("--root", type=Path, default=CHECKOUT / ".clients", help="where install.sh put the clients")
    chosen = about.parse_args()
    chosen.root = chosen.root.resolve()
    # A shell lets what it starts in the background ignore Ctrl-C, and the clients would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        bad = asyncio.run(run_all(chosen))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    print(f"{bad} not as they should be" if bad else "All as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
