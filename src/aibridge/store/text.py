"""What PostgreSQL can hold as text, and what of it is shown."""


def can_be_stored(text: str) -> bool:
    """Whether a row may hold this text: what cannot be stored cannot be found, and need not be asked for."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


MAX_HINT_CHARS = 15
"""Of a masked credential, such as `sk-a...efgh`."""


def shown_hint(hint: str) -> str:
    """A credential's hint as it may be shown: what is not a mask may be a piece of the secret itself."""
    masked = len(hint) <= MAX_HINT_CHARS and "..." in hint
    return hint if masked or not hint else "..."
