"""What of the record is asked for: the filters that every list understands, as values. Nothing here does any I/O."""

from datetime import datetime
from uuid import UUID

import msgspec

from aibridge.texts import Text


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions that must all hold; of several values under one key, any. Empty means no condition.

    An interception matches when it has the values and started in the window. A session matches when one of its
    combinations of provider, provider name, model, client, outcome, error type, credential kind and credential type has
    the values and was in use during the window, when the model called one of `tools` in it at any time, and when one of
    its interceptions holds all of `text`.
    """

    initiator_ids: frozenset[UUID] | None = None
    """None: anyone. An empty set matches nothing."""
    providers: frozenset[str] = frozenset()
    """Types: the wire format."""
    provider_names: frozenset[str] = frozenset()
    """Configured instances."""
    models: frozenset[str] = frozenset()
    clients: frozenset[str] = frozenset()
    session_ids: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    error_types: frozenset[str] = frozenset()
    credential_kinds: frozenset[str] = frozenset()
    credential_types: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()
    text: tuple[Text, ...] = ()
    """All must occur in one interception, in any of its texts."""
    started_after: datetime | None = None
    """Inclusive, with a time zone."""
    started_before: datetime | None = None
    """Inclusive, with a time zone; after `started_after` when both are set."""


EVERYTHING = Filter()
