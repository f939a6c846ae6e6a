"""Ids as the gateway, the clients and the providers make them, but the same for the same seed."""

import random
from uuid import UUID

from aibridge.records import ProviderType

_VERSION_7_AND_VARIANT = 0x7 << 76 | 0x2 << 62
_RANDOM = ((1 << 12) - 1) << 64 | (1 << 62) - 1
"""The 74 bits of a version 7 UUID that are chance (RFC 9562 §5.7)."""


class Ids:
    """Makes ids by the chance that is given in."""

    def __init__(self, chance: random.Random) -> None:
        self._bits = chance.getrandbits

    def at(self, microseconds: int) -> UUID:
        """A version 7 UUID of that time."""
        return UUID(int=microseconds // 1000 << 80 | _VERSION_7_AND_VARIANT | self._bits(80) & _RANDOM)

    def session(self) -> str:
        """What a client calls its session: a version 4 UUID."""
        return str(UUID(int=self._bits(128), version=4))

    def response(self, provider: ProviderType) -> str:
        """What a provider calls its answer."""
        prefix = "msg_01" if provider is ProviderType.ANTHROPIC else "resp_"
        return f"{prefix}{self._bits(88):022x}"

    def call(self, provider: ProviderType) -> str:
        """What a provider calls a tool call."""
        prefix = "toolu_01" if provider is ProviderType.ANTHROPIC else "call_"
        return f"{prefix}{self._bits(88):022x}"

    def agent(self) -> str:
        """What a client calls a subagent."""
        return f"agent-{self._bits(32):08x}"
