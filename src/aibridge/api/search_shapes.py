"""What searches answer."""

from uuid import UUID

from pydantic import Field

from aibridge.api.shapes import Initiator, Moment, Shape
from aibridge.records import Outcome
from aibridge.store.matches import MOST_SHOWN, FoundIn


class Piece(Shape):
    """A stretch of an excerpt."""

    text: str = Field(examples=["migration"])
    match: bool = Field(examples=[True], description="whether it matches the search")


class Excerpt(Shape):
    """Part of a text around the first match in it."""

    pieces: list[Piece] = Field(description="joined, they are that part of the text as it was written")
    cut_before: bool = Field(description="there is more text before it")
    cut_after: bool = Field(description="there is more text after it")


class Place(Shape):
    """One text in which something was found."""

    found_in: FoundIn
    item_id: UUID = Field(
        description="of the prompt, thought, tool usage … that holds it; of an error, the interception"
    )
    excerpt: Excerpt


class Match(Shape):
    """An interception whose texts hold all that was searched for."""

    interception_id: UUID
    session_id: str = Field(examples=["s1"])
    initiator: Initiator
    started_at: Moment
    model: str = Field(examples=["claude-sonnet-4-5"])
    client: str = Field(examples=["Claude Code"])
    outcome: Outcome
    places: list[Place] = Field(description=f"the first {MOST_SHOWN} texts with a match")
    place_count: int = Field(examples=[1], description="how many texts have a match")


class MatchPage(Shape):
    """A page of matches."""

    results: list[Match]
    total: int = Field(examples=[1], description="how many match that the caller may see, on all pages")
    count: int = Field(examples=[1], description="the same number as `total`")
