"""What the recorder needs of a store; satisfied by shape."""

from collections.abc import Sequence
from typing import Protocol

from aibridge.records import Begun, Finished


class Sink(Protocol):
    """Writes batches durably. Every call is one transaction and may be repeated: a replay adds nothing.

    Raises `StoreUnavailable` (nothing is known about the batch: repeat it), `StoreConflict` (repeat it) or
    `RowsRefused` (a value is refused: split the batch).
    """

    async def write_begun(self, batch: Sequence[Begun]) -> None:
        """Insert starts with their prompts, resolving lineage."""
        ...

    async def write_finished(self, batch: Sequence[Finished]) -> None:
        """Insert facts, end the interceptions, and add to the roll-ups what was really ended here."""
        ...
