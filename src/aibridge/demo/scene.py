"""What people and their agents do in the demo, without any client's or provider's dialect."""

from enum import Enum
from pathlib import PurePosixPath

import msgspec


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="tool", tag=str.lower):
    """Something an agent does with a tool, and what comes of it."""


class Read(Act, frozen=True, tag=str.lower):
    """Look at a file."""

    path: str
    shows: str


class Search(Act, frozen=True, tag=str.lower):
    """Look for a pattern in the repository."""

    pattern: str
    finds: str


class Run(Act, frozen=True, tag=str.lower):
    """Run a command."""

    command: str
    prints: str
    about: str = ""
    """The reason given with the command, where a client asks for one."""
    fails: bool = False


class Edit(Act, frozen=True, tag=str.lower):
    """Replace a passage of a file."""

    path: str
    new: str
    old: str = ""
    """Empty for a new file."""


class Plan(Act, frozen=True, tag=str.lower):
    """Write down what is to be done."""

    steps: tuple[str, ...]


class Call(Act, frozen=True, tag=str.lower):
    """Call a function that a program offers to the model."""

    name: str
    arguments: dict[str, str | int]
    returns: str


class Delegate(Act, frozen=True, tag=str.lower):
    """Hand a task to a subagent."""

    about: str
    task: str
    rounds: "tuple[Round, ...]"
    """What the subagent does; its last words are the result."""


class Mishap(Enum):
    """What goes wrong at the provider, once; the client tries again."""

    OVERLOADED = "overloaded"
    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    MID_STREAM = "an error in the middle of the stream"
    TRUNCATED = "a connection cut in the middle of the stream"


class Round(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer of the model, and what its tools returned."""

    think: str = ""
    say: str = ""
    looks_up: str = ""
    """A web search that the provider runs itself."""
    acts: "tuple[AnyAct, ...]" = ()
    mishap: Mishap | None = None
    cancelled: bool = False
    """The person stops the agent in the middle of this answer; the turn ends here."""


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt and everything done about it."""

    prompt: str
    rounds: tuple[Round, ...]


class Scene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session: somebody's errand in a repository."""

    repo: str
    title: str
    turns: tuple[Turn, ...]

    @property
    def folder(self) -> PurePosixPath:
        """Where the repository is checked out."""
        return PurePosixPath("/home/dev/src") / self.repo


AnyAct = Read | Search | Run | Edit | Plan | Call | Delegate
