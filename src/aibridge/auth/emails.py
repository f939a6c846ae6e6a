"""What passes for an email address. Nothing is ever sent there: it only has to look like one."""

import re

MAX_LENGTH = 254
"""Characters; a longer one cannot be delivered to (RFC 5321 §4.5.3.1.3)."""
_WORD = r"[^@\s\x00-\x1f\x7f]+"
EMAIL = f"^({_WORD}@{_WORD})?$"
"""An empty one stands for none."""

_SHAPE = re.compile(EMAIL)


def is_email(text: str) -> bool:
    """Whether it looks like an address, or is empty."""
    return len(text) <= MAX_LENGTH and _SHAPE.fullmatch(text) is not None
