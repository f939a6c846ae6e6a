"""A configured provider instance, as the data plane needs it."""

import msgspec

from aibridge.auth.credentials import mask
from aibridge.gateway.upstream import Target
from aibridge.records import ProviderType

AZURE_HOST_SUFFIX = ".openai.azure.com"
"""Azure takes its keys in `api-key`: https://learn.microsoft.com/azure/ai-foundry/openai/reference"""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One instance. `name` is in the URL and on every record; several instances may share a `type`."""

    name: str
    type: ProviderType
    target: Target
    key: str = ""
    """The deployment's own key; empty when users must bring theirs."""
    include_usage: bool = False
    """Ask for usage in Chat Completions streams whose client left that open."""

    @property
    def has_key(self) -> bool:
        """Whether centralized requests can be served."""
        return bool(self.key)

    @property
    def key_hint(self) -> str:
        """The configured key, masked."""
        return mask(self.key)

    def credential(self) -> tuple[bytes, bytes]:
        """Return the header that carries the configured key."""
        key = self.key.encode()
        if self.type is ProviderType.ANTHROPIC:
            return b"x-api-key", key
        if self.target.host.endswith(AZURE_HOST_SUFFIX):
            return b"api-key", key
        return b"authorization", b"Bearer " + key
