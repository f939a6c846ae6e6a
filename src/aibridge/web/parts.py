"""What the pages are made of; the composition root gives it in."""

from datetime import timedelta

import msgspec

from aibridge.auth.passwords import PasswordDesk
from aibridge.ops.health import Readiness
from aibridge.store.exports import Exports
from aibridge.store.keeping import Keeping
from aibridge.store.people import People
from aibridge.store.pulse import Pulse
from aibridge.store.reading import Reader
from aibridge.store.roster import Roster
from aibridge.store.sign_ins import SignIns
from aibridge.web.live import Live


class ProviderFact(msgspec.Struct, frozen=True, kw_only=True):
    """A configured provider, as far as people may know."""

    name: str
    type: str
    has_key: bool
    """The deployment has a key for it; else everybody brings their own."""
    captures: tuple[str, ...]
    """Which texts of its exchanges are kept: words of `aibridge.capture`."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for this deployment and shown on the pages. No secrets."""

    access_url: str
    """How browsers and clients get here, without a slash at the end."""
    trusted_proxies: tuple[str, ...]
    """Networks (CIDR) of the proxies that are believed where a browser is."""
    providers: tuple[ProviderFact, ...]
    allow_byok: bool
    retention: timedelta | None
    """None keeps for ever."""
    version: str

    @property
    def is_https(self) -> bool:
        """Whether browsers come over TLS."""
        return self.access_url.startswith("https://")


class WebParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the pages use."""

    reader: Reader
    exports: Exports
    people: People
    sign_ins: SignIns
    roster: Roster
    pulse: Pulse
    keeping: Keeping
    passwords: PasswordDesk
    readiness: Readiness
    live: Live
    facts: Facts
