"""A configured provider instance, as the data plane needs it."""

from typing import final

from aibridge.auth.credentials import mask
from aibridge.gateway.upstream import Target
from aibridge.recording.discretion import Discretion
from aibridge.records import ProviderType

KEEPS_THE_USUAL = Discretion()
AZURE_HOST_SUFFIX = ".openai.azure.com"
"""Azure takes its keys in `api-key`: https://learn.microsoft.com/azure/ai-foundry/openai/reference"""


@final
class Provider:
    """One instance. Its name is in the URL and on every record; several instances may share a type."""

    __slots__ = ("credential", "discretion", "has_key", "include_usage", "key_hint", "name", "target", "type")

    def __init__(
        self,
        *,
        name: str,
        type: ProviderType,  # noqa: A002  the field's name
        target: Target,
        key: str = "",
        include_usage: bool = False,
        discretion: Discretion = KEEPS_THE_USUAL,
    ) -> None:
        self.name = name
        self.type = type
        self.target = target
        self.include_usage = include_usage
        """Ask for usage in Chat Completions streams whose client left that open."""
        self.discretion = discretion
        """What of its traffic is kept."""
        self.has_key = bool(key)
        """Whether centralized requests can be served; if not, users must bring a key of their own."""
        self.key_hint = mask(key)
        self.credential = self._credential(key.encode())
        """The header that carries the deployment's own key."""

    def _credential(self, key: bytes) -> tuple[bytes, bytes]:
        if self.type is ProviderType.ANTHROPIC:
            return b"x-api-key", key
        if self.target.host.endswith(AZURE_HOST_SUFFIX):
            return b"api-key", key
        return b"authorization", b"Bearer " + key
