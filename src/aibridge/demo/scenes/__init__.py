"""The errands of the demo, as data. Halden Freight, its people and its code are invented."""

from functools import cache
from importlib.resources import files

import msgspec

from aibridge.demo.scene import Scene


@cache
def interactive() -> tuple[Scene, ...]:
    """Played by a person with a coding agent."""
    return _read("people")


@cache
def programs() -> tuple[Scene, ...]:
    """Played by programs through a plain SDK: no session, no agent."""
    return _read("programs")


def _read(folder: str) -> tuple[Scene, ...]:
    found = sorted((files(__package__) / folder).iterdir(), key=lambda file: file.name)
    return tuple(msgspec.toml.decode(file.read_bytes(), type=Scene) for file in found)
