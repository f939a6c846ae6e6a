"""The texts that are kept where somebody asked for them: what models answered, and what came back for their tools."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class ReadModelAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of `aibridge_model_answers`: one text of an answer."""

    id: UUID
    interception_id: UUID
    content: str
    metadata: dict[str, Any]
    created_at: datetime


class ReadToolResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row of `aibridge_tool_results`: what this request brought back for a call of an earlier one."""

    id: UUID
    interception_id: UUID
    provider_tool_call_id: str
    content: str
    is_error: bool | None
    """None: not said."""
    metadata: dict[str, Any]
    created_at: datetime
