"""The clients, a process of its own: a closed loop of connections, each asking again as soon as it was answered.

The first line of its standard input is a `Task` in JSON; its last line of output is a `Result`. When the task says
`hold`, a line `open` comes once every connection has the start of an answer, and the end with the end of the input.
"""

import asyncio
import sys
import time
from http import HTTPStatus
from typing import cast

import msgspec
import uvloop

from bench.answer import Answer
from bench.figures import percentile
from bench.serving import until_input_ends
from bench.task import Result, Task, request_of

GRACE = 20.0
"""Seconds for the last answers after time is up; what is still open then is an error."""
PAUSE = 0.05
"""Seconds before another try after a failed one, so that a server that is down is not hammered."""
NS = 1000


class Loop:
    """One run: what to send, what came of it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.request = request_of(task)
        self.latencies: list[int] = []
        self.first_bytes: list[int] = []
        self.errors = 0
        self.problem = ""
        self.waiting = task.connections
        """Connections without the start of an answer yet."""
        self.open = asyncio.Event()
        self.ends_at = time.perf_counter() + task.seconds
        self._asked = 0

    def may_ask(self) -> bool:
        """Whether there is another request to send; if so, it counts as sent."""
        if self.task.requests and self._asked >= self.task.requests:
            return False
        self._asked += 1
        return self.task.hold or time.perf_counter() < self.ends_at

    def fail(self, problem: str) -> None:
        """Count an error."""
        self.errors += 1
        self.problem = self.problem or problem

    def began(self) -> None:
        """Note that one more connection has the start of its first answer."""
        self.waiting -= 1
        if self.waiting == 0:
            self.open.set()

    async def run(self) -> Result:
        """Ask until time is up."""
        begins = time.perf_counter()
        try:
            async with asyncio.timeout(self.task.seconds + GRACE), asyncio.TaskGroup() as connections:
                for _ in range(self.task.connections):
                    connections.create_task(self._connect())
        except TimeoutError:
            self.fail(f"unanswered {GRACE:.0f} s after the end")
        return self.result(time.perf_counter() - begins)

    def result(self, seconds: float) -> Result:
        """Sum up."""
        all_times, first_bytes = sorted(self.latencies), sorted(self.first_bytes)
        return Result(
            answers=len(all_times),
            errors=self.errors,
            seconds=seconds,
            p50=percentile(all_times, 50) / NS,
            p99=percentile(all_times, 99) / NS,
            first_byte_p50=percentile(first_bytes, 50) / NS,
            first_byte_p99=percentile(first_bytes, 99) / NS,
            problem=self.problem,
        )

    async def _connect(self) -> None:
        """Keep one connection, and open it anew when it breaks."""
        loop = asyncio.get_running_loop()
        while self.may_ask():
            try:
                _, client = await loop.create_connection(lambda: Client(self), "127.0.0.1", self.task.port)
            except OSError as problem:
                self.fail(str(problem))
                await asyncio.sleep(PAUSE)
            else:
                await client.lost
                if client.asking:
                    self.fail("the connection was closed before the end of the answer")
                    await asyncio.sleep(PAUSE)


class Client(asyncio.Protocol):
    """One connection, asking again and again. Opening it is the first question."""

    def __init__(self, loop: Loop) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asking = False
        self._loop = loop
        self._began = False
        self._asked_at = self._first_byte_at = 0
        self._answer = Answer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self._first_byte_at:
            self._first_byte_at = time.perf_counter_ns()
            if not self._began:
                self._began = True
                self._loop.began()
        if self._answer.feed(data):
            self._answered(time.perf_counter_ns())

    def _ask(self) -> None:
        self._answer = Answer()
        self._first_byte_at = 0
        self.asking = True
        self._asked_at = time.perf_counter_ns()
        self._transport.write(self._loop.request)

    def _answered(self, now: int) -> None:
        self.asking = False
        answer = self._answer
        if answer.status == HTTPStatus.OK and answer.whole:
            self._loop.latencies.append(now - self._asked_at)
            self._loop.first_bytes.append(self._first_byte_at - self._asked_at)
        else:
            self._loop.fail(f"status {answer.status}: ...{answer.tail.decode('latin-1')}")
        if self._loop.may_ask():
            self._ask()
        else:
            self._transport.close()


async def hold(loop: Loop) -> Result:
    """Keep the answers open until the standard input ends."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(loop.run())
        async with asyncio.timeout(loop.task.seconds):
            await loop.open.wait()
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await until_input_ends()
        running.cancel()
    return loop.result(loop.task.seconds)


async def main(task: Task) -> None:
    """Carry out the task and print the result."""
    loop = Loop(task)
    result = await (hold(loop) if task.hold else loop.run())
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    uvloop.run(main(msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)))
