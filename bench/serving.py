"""What the bench's own processes have in common."""

import asyncio
import os
import sys


async def until_input_ends() -> None:
    """Wait until the standard input, a pipe, is closed: nothing of the bench outlives the process that started it."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    fd = sys.stdin.fileno()

    def look() -> None:
        if not os.read(fd, 4096):
            loop.remove_reader(fd)
            ended.set()

    loop.add_reader(fd, look)
    await ended.wait()
