"""How people write a length of time: `90d`, `1h30m`, `500ms`."""

import re

HOUR = 3600
"""Seconds."""

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": HOUR, "d": 24 * HOUR, "w": 7 * 24 * HOUR}


def duration(text: str) -> float | None:
    """Seconds; None when it is not a time. Only zero needs no unit."""
    if text == "0":
        return 0
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
