"""What a value looks like to a person: the filters of the templates. Pure."""

from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

UNPRICED = "unpriced"
HUES = 6
"""Colours of avatars, and of series in charts."""

_SIZES = ((10**9, "B"), (10**6, "M"), (10**3, "k"))
_BYTES = ((2**30, "GB"), (2**20, "MB"), (2**10, "KB"))


def tokens(count: int) -> str:
    """`812`, `41.7k`, `18.3M`."""
    for size, unit in _SIZES:
        if count >= size * 0.9995:
            return f"{_short(count / size)}{unit}"
    return str(count)


def count(number: int) -> str:
    """`10,053`."""
    return f"{number:,}"


def money(micros: int | None) -> str:
    """Micro-dollars as `$12.87`, `$0.034`, `$0.0047`; None is `unpriced`."""
    if micros is None:
        return UNPRICED
    dollars = micros / 1_000_000
    if micros == 0:
        return "$0"
    if dollars < 0.0001:  # noqa: PLR2004 - what four places can show
        return "<$0.0001"
    if dollars < 0.00995:  # noqa: PLR2004 - what rounds to a cent
        return f"${dollars:.4f}"
    if dollars < 1:
        return f"${dollars:.3f}"
    return f"${dollars:,.2f}"


def cost(micros: int | None, unpriced: int) -> Markup | str:
    """What steps cost, as far as known, with a plus where that is not all. `unpriced`: of so many it is not known."""
    if micros is None:
        return _UNPRICED if unpriced else _NO_COST
    return (
        Markup('{}<abbr title="at least: {} not included">+</abbr>').format(money(micros), plural(unpriced, "step"))
        if unpriced
        else money(micros)
    )


_UNPRICED = Markup('<span class="unpriced">unpriced</span>')
_NO_COST = Markup('<span class="dim">\N{EN DASH}</span>')


def duration(milliseconds: float) -> str:
    """`412 ms`, `5.9 s`, `8m 33s`, `1h 04m`, `3d 04h`."""
    seconds = milliseconds / 1000
    if seconds < 0.9995:  # noqa: PLR2004 - what rounds to a second
        return f"{milliseconds:.0f} ms"
    if seconds < 59.95:  # noqa: PLR2004 - what rounds to a minute
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes}m {left:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m" if hours < 24 else f"{hours // 24}d {hours % 24:02d}h"  # noqa: PLR2004


def lasting(delta: timedelta) -> str:
    """A length of time, as `duration` shows it."""
    return duration(delta / timedelta(milliseconds=1))


def offset(delta: timedelta) -> str:
    """`02:09` or `1:02:09` since something began."""
    hours, rest = divmod(max(int(delta.total_seconds()), 0), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def utc(moment: datetime) -> str:
    """`2026-11-23 14:03:59 UTC`: a moment whose time zone is named."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def ago(moment: datetime, now: datetime) -> str:
    """`12s ago`, `50m ago`, `3h ago`, `4d ago`; what is to come is `now`."""
    seconds = int((now - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return "now"


def size(octets: int) -> str:
    """`812 B`, `64 KB`, `1.2 MB`."""
    for unit_size, unit in _BYTES:
        if octets >= unit_size:
            return f"{_short(octets / unit_size)} {unit}"
    return f"{octets} B"


def percent(share: float) -> str:
    """`96%`, `3.2%`, of 1."""
    return f"{_short(100 * share)}%"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 request`, `10,053 requests`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def initials(name: str) -> str:
    """One or two letters for an avatar."""
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def hue(text: str) -> int:
    """A number below `HUES` that is always the same for the same text."""
    return sum(ord(character) * (place + 3) for place, character in enumerate(text)) % HUES


def mark(text: str, query: str) -> Markup:
    """Escape, and wrap each match of the query, whatever its case, in <mark>."""
    if not query:
        return escape(text)
    # Some characters change their length in lower case: then positions would not fit the text.
    low = text.lower() if len(text.lower()) == len(text) else text
    wanted, parts, at = query.lower(), Markup(), 0
    while (found := low.find(wanted, at)) >= 0:
        parts += escape(text[at:found]) + Markup("<mark>{}</mark>").format(text[found : found + len(wanted)])
        at = found + len(wanted)
    return parts + escape(text[at:])


def _short(number: float) -> str:
    """Three figures at most, no zero behind the point."""
    return f"{number:.0f}" if number >= 99.95 or f"{number:.1f}".endswith(".0") else f"{number:.1f}"  # noqa: PLR2004


FILTERS = {
    each.__name__: each
    for each in (
        tokens,
        count,
        money,
        cost,
        duration,
        lasting,
        offset,
        utc,
        ago,
        size,
        percent,
        plural,
        initials,
        hue,
        mark,
    )
}
"""By their names in templates."""
