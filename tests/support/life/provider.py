"""The scripted provider in a process of its own; it ends when its standard input does.

python -m support.life.provider SECONDS, where SECONDS is how long every answer pauses in its middle. Its address is the
first line of its standard output.
"""

import asyncio
import sys

from aibridge.demo.asked import Request
from aibridge.demo.provider import Provider, Said, serve_provider
from support.life import errand


async def main(pause: float) -> None:
    def say(request: Request) -> Said:
        number = request.received.header(errand.HEADER)
        assert number is not None
        return errand.answer(int(number), pause=pause * (int(number) % 5) / 2)

    async with serve_provider(Provider(script=say, keep=0)) as address:
        sys.stdout.write(address + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
