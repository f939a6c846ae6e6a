"""What the recorder needs to price an answer."""

from typing import Protocol

from aibridge.records import TokenUsageRow, UsageCost

Told = tuple[UsageCost | None, tuple[str, ...]]
"""The cost of a usage, None where nobody has said a price; and notes for its record."""

FAILED = "the cost could not be worked out"


class Pricing(Protocol):
    """Tells what tokens cost."""

    def __call__(
        self, usage: TokenUsageRow, /, *, provider: str, provider_name: str, model: str, response_model: str
    ) -> Told:
        """The cost of a usage at its own moment. `model`: as requested, `response_model`: as the answer says."""
        ...


def unpriced(
    usage: TokenUsageRow,  # noqa: ARG001
    /,
    *,
    provider: str,  # noqa: ARG001
    provider_name: str,  # noqa: ARG001
    model: str,  # noqa: ARG001
    response_model: str,  # noqa: ARG001
) -> Told:
    """Nobody has said any price."""
    return None, ()
