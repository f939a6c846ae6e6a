"""A Coder deployment's database, read and never written, with the tables of every version as they are."""

from aibridge.store.coder.rows import (
    Children,
    CoderInterception,
    CoderModelThought,
    CoderTokenUsage,
    CoderToolUsage,
    CoderUser,
    CoderUserPrompt,
    Kind,
    Weight,
)
from aibridge.store.coder.source import CoderSource, open_coder

__all__ = [
    "Children",
    "CoderInterception",
    "CoderModelThought",
    "CoderSource",
    "CoderTokenUsage",
    "CoderToolUsage",
    "CoderUser",
    "CoderUserPrompt",
    "Kind",
    "Weight",
    "open_coder",
]
