"""`aibridge demo`: a gateway, a provider and people at work, without a key and in a database of its own."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from aibridge.demo.people import PEOPLE, Person
from aibridge.demo.provider import Provider, serve_provider
from aibridge.demo.stage import Stage
from aibridge.demo.traffic import drive

PROVIDER_KEY = "sk-demo-0000000000000000"
"""The gateway puts it on; the scripted provider does not look at it."""

DATABASE = "aibridge_demo"
"""Apart from the real one, also on the same server."""


class Gateway(Protocol):
    """A started gateway, as far as the demo needs it."""

    @property
    def address(self) -> str:
        """Where people reach it, `http://127.0.0.1:4180`."""
        ...

    async def enrol(self, person: Person) -> str:
        """Create the account if there is none yet; return a fresh token with the scopes `gateway` and `api`."""
        ...

    async def link(self, person: Person) -> str:
        """Return the address that signs in as somebody enrolled, for as long as the demo runs."""
        ...

    def open(self) -> AbstractAsyncContextManager[None]:
        """Answer requests during the block; until then they wait."""
        ...


Start = Callable[[str], AbstractAsyncContextManager[Gateway]]
"""Makes a gateway for the provider at this address. The base URL of its OpenAI instance is the address and `/v1`."""


async def run(start: Start, *, say: Callable[[str], None] = print) -> None:
    """Run the demo until cancelled; everything it started has ended when this returns."""
    stage = Stage()
    async with serve_provider(Provider(script=stage, keep=0)) as upstream, start(upstream) as gateway:
        tokens = {person.username: await gateway.enrol(person) for person in PEOPLE}
        say(welcome(gateway.address, tokens[PEOPLE[0].username], await gateway.link(PEOPLE[0])))
        async with gateway.open():
            await drive(f"{gateway.address}/api/v2/aibridge", tokens, stage, say=say)


def welcome(address: str, token: str, link: str) -> str:
    """What the demo is and what to try, in plain words. The link stands alone on its line, for programs too."""
    root = f"{address}/api/v2/aibridge"
    return f"""\
This is aibridge with invented people at work. Halden Freight does not exist: every person, prompt, answer and figure
here is made up. No provider is called, no key is needed, and your own records stay apart, in another database.

It runs at {address}

Look at what the people do, as Maren, who may see everything. This link signs in until the demo ends:

{link}

The same through the API:

  curl -H "Authorization: Bearer {token}" "{root}/interceptions?limit=3"

Send your own Claude Code through it; a script answers, no model:

  export ANTHROPIC_BASE_URL={root}/anthropic
  export ANTHROPIC_AUTH_TOKEN={token}
  claude

What happens now: a burst of short sessions, then people at their own pace. What is older was invented at the start.
Ctrl-C ends the demo; its next start begins anew.
"""
