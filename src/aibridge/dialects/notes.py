"""Remarks for whoever reads the record: what was odd, cut or could not be read."""

MAX_NOTES = 32
"""A hostile answer of a million odd events must not become a million remarks."""


class Notes:
    """Distinct remarks in the order in which they first came."""

    __slots__ = ("_notes",)

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}

    def add(self, note: str) -> None:
        """Keep a remark once; beyond `MAX_NOTES` none are kept."""
        if len(self._notes) < MAX_NOTES:
            self._notes[note] = None

    def told(self) -> tuple[str, ...]:
        """All remarks so far."""
        return tuple(self._notes)
