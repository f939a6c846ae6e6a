"""What every client of the demo has in common."""

from typing import Any, Protocol

import msgspec

from aibridge.demo.scene import Act, Call, Delegate, Edit, Plan, Read, Round, Run, Scene, Search
from aibridge.demo.script import CallTool, Pair

History = list[dict[str, Any]]
"""The conversation in the client's own dialect, as it is sent along every time."""


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks inside a session."""

    session: str
    agent: str = ""
    """Empty for the main agent."""
    parent: str = ""
    model: str


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A request, without address and credential."""

    target: str
    """Path and query behind the gateway's root, provider name first."""
    headers: tuple[Pair, ...]
    body: bytes


class Called(msgspec.Struct, frozen=True):
    """A tool call as it was made, and what it was for."""

    act: Act
    call: CallTool


class Client(Protocol):
    """One program that people use."""

    @property
    def name(self) -> str:
        """As in `Person.clients`."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """What people choose from; the first is the usual one."""
        ...

    @property
    def anthropic(self) -> bool:
        """Whose errors and cache rules apply: Anthropic's or OpenAI's."""
        ...

    @property
    def prefix(self) -> int:
        """Tokens of system prompt and tools, which the demo's requests abridge."""
        ...

    @property
    def streams(self) -> bool:
        """Whether it asks for streams."""
        ...

    def open(self, scene: Scene, seat: Seat) -> History:
        """A new conversation, before its first prompt."""
        ...

    def prompt(self, history: History, text: str) -> None:
        """Somebody asks."""
        ...

    def took(self, history: History, round_: Round, called: list[Called]) -> None:
        """The model answered and its tools have run."""
        ...

    def call(self, act: Act, scene: Scene, id_: str) -> CallTool:
        """The tool that this client offers for the act."""
        ...

    def ask(self, history: History, seat: Seat) -> Asking:
        """The request for the next answer."""
        ...

    def title(self, prompt: str, seat: Seat) -> Asking | None:
        """The side request for a title, where this client makes one."""
        ...


def result(act: Act) -> str:  # noqa: PLR0911 - one for each kind of act
    """What the model reads of a tool's result."""
    match act:
        case Read():
            return act.shows
        case Search():
            return act.finds
        case Run():
            return f"Exit code 1\n{act.prints}" if act.fails else act.prints
        case Edit():
            return f"The file {act.path} has been {'updated' if act.old else 'created'}."
        case Plan():
            return "The plan has been written down."
        case Call():
            return act.returns
        case Delegate():
            return act.rounds[-1].say
    raise TypeError(f"no result is known for {act}")


def pairs(headers: dict[str, str]) -> tuple[Pair, ...]:
    """Headers as bytes; those without a value are left out."""
    return tuple((name.encode(), value.encode()) for name, value in headers.items() if value)
