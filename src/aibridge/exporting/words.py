"""Figures as a report says them: whole, exact, and in UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aibridge.store.token_sums import StepTokens, TokenSums

_MICROS = 1_000_000


def moment(at: datetime) -> str:
    """Such as `2026-06-01 12:00:05 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime) -> str:
    """Such as `12:00:05`."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def duration(length: timedelta) -> str:
    """Such as `1 h 5 min`, `2 min 3 s`, `1.25 s`, `12 ms`."""
    micros = max(0, length // timedelta(microseconds=1))
    if micros < _MICROS:
        return f"{micros / 1000:.0f} ms"
    seconds = micros / _MICROS
    if seconds < 60:  # noqa: PLR2004  of a minute
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def dollars(micros: int) -> str:
    """Such as `0.001555 USD`, to the micro-dollar."""
    return f"{micros // _MICROS:,}.{micros % _MICROS:06} USD"


def cost(micros: int, unpriced: int) -> str:
    """What is known of the cost of several steps, and that it is not all where it is not."""
    if not unpriced:
        return dollars(micros)
    rest = counted(unpriced, "step has no known cost", "steps have no known cost")
    return f"at least {dollars(micros)}; {rest}" if micros else f"unpriced; {rest}"


def tokens(spent: TokenSums | StepTokens) -> str:
    """The four kinds; what is unknown says so."""
    kinds: Sequence[tuple[str, int | None]] = (
        ("input", spent.input_tokens),
        ("output", spent.output_tokens),
        ("cache read", spent.cache_read_input_tokens),
        ("cache write", spent.cache_write_input_tokens),
    )
    return " · ".join(f"{kind} {'unknown' if count is None else f'{count:,}'}" for kind, count in kinds)


def counted(count: int, one: str, several: str) -> str:
    """Such as `1 step`, `2,000 steps`."""
    return f"{count:,} {one if count == 1 else several}"
