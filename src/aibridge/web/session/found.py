"""Where a search found something in a step."""

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, kw_only=True)
class Found:
    """One place of a step that holds what was searched for."""

    place: str
    """As a person calls it: `thoughts`."""
    excerpt: Markup
    """What stands around it, the words marked."""
    shows: bool
    """The row of the step, or the head of its thread, shows it anyway."""
