"""The public contract of a session that is taken away."""

from pydantic import Field

from aibridge.api.session_shapes import Count, SessionHead, Thread, TokenSumsInDetail
from aibridge.api.shapes import Moment


class SessionExport(SessionHead):
    """A session with all of its threads, in order of their starts, each with every step."""

    exported_at: Moment
    thread_count: Count
    token_usage_summary: TokenSumsInDetail
    threads: list[Thread]
    removed_meanwhile: int = Field(
        ge=0, examples=[0], description="steps that retention or an erasure removed while the export was made"
    )
