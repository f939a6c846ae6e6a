"""Texts of any size: small ones as they are, of larger ones the beginning and a way to the rest."""

import msgspec

WHOLE = 64 * 1024
"""Characters that are shown at once."""
RUN = 500
"""Characters without a place to break a line: browsers lay out a megabyte without one for seconds."""
BEGINNING = 16 * 1024
"""Characters that are shown of more."""
MOST = 2 * 1024 * 1024
"""Bytes that a browser is asked to show; what is larger can be downloaded."""


class Large(msgspec.Struct, frozen=True, kw_only=True):
    """A text as it is shown."""

    text: str
    size: int
    """Bytes of the whole."""
    is_whole: bool

    @property
    def can_be_shown(self) -> bool:
        """Whether all of it may be asked for."""
        return self.size <= MOST

    @property
    def runs(self) -> list[str]:
        """The text in pieces between which a line may be broken."""
        return [self.text[at : at + RUN] for at in range(0, len(self.text), RUN)]


def large(text: str, *, whole: int = WHOLE) -> Large:
    """The text, or its beginning when it has more than `whole` characters."""
    is_whole = len(text) <= whole
    return Large(text=text if is_whole else text[:BEGINNING], size=len(text.encode()), is_whole=is_whole)
