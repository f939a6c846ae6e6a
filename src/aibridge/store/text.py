"""What PostgreSQL can hold as text."""


def can_be_stored(text: str) -> bool:
    """Whether a row may hold this text: what cannot be stored cannot be found, and need not be asked for."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
