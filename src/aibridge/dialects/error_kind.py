"""Why an interception failed, in the record's own few words."""

from aibridge.records import ErrorType

_FIRST_ERROR_STATUS = 400
_STATUS = {
    400: ErrorType.BAD_REQUEST,
    404: ErrorType.BAD_REQUEST,
    413: ErrorType.BAD_REQUEST,
    422: ErrorType.BAD_REQUEST,
    401: ErrorType.UNAUTHORIZED,
    403: ErrorType.UNAUTHORIZED,
    429: ErrorType.RATE_LIMITED,
    408: ErrorType.TIMEOUT,
    504: ErrorType.TIMEOUT,
}
_OVERLOADED = {"anthropic_messages": 529, "openai_chat": 503, "openai_responses": 503}
"""The status by which each dialect's provider says that it is overloaded."""
_CODES = {
    "overloaded_error": ErrorType.OVERLOADED,
    "server_is_overloaded": ErrorType.OVERLOADED,
    "slow_down": ErrorType.OVERLOADED,
    "insufficient_system_resource": ErrorType.OVERLOADED,
    "rate_limit_error": ErrorType.RATE_LIMITED,
    "rate_limit_exceeded": ErrorType.RATE_LIMITED,
    "insufficient_quota": ErrorType.RATE_LIMITED,
    "billing_error": ErrorType.RATE_LIMITED,
    "authentication_error": ErrorType.UNAUTHORIZED,
    "permission_error": ErrorType.UNAUTHORIZED,
    "invalid_api_key": ErrorType.UNAUTHORIZED,
    "invalid_request_error": ErrorType.BAD_REQUEST,
    "not_found_error": ErrorType.BAD_REQUEST,
    "request_too_large": ErrorType.BAD_REQUEST,
    "context_length_exceeded": ErrorType.BAD_REQUEST,
    "invalid_prompt": ErrorType.BAD_REQUEST,
    "data_residency_mismatch": ErrorType.BAD_REQUEST,
    "unsupported_image_media_type": ErrorType.BAD_REQUEST,
    "empty_image_file": ErrorType.BAD_REQUEST,
    "failed_to_download_image": ErrorType.BAD_REQUEST,
    "model_not_found": ErrorType.BAD_REQUEST,
    "content_filter": ErrorType.BAD_REQUEST,
    "tool_use_failed": ErrorType.BAD_REQUEST,
    "json_validate_failed": ErrorType.BAD_REQUEST,
    "usage_limit_reached": ErrorType.RATE_LIMITED,
    "usage_not_included": ErrorType.RATE_LIMITED,
    "timeout_error": ErrorType.TIMEOUT,
    "vector_store_timeout": ErrorType.TIMEOUT,
    "api_error": ErrorType.SERVER_ERROR,
    "server_error": ErrorType.SERVER_ERROR,
    "internal_server_error": ErrorType.SERVER_ERROR,
    "network_error": ErrorType.SERVER_ERROR,
    "error": ErrorType.SERVER_ERROR,
}
"""Errors named inside an answer of a good status.
https://docs.anthropic.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes,
https://console.groq.com/docs/tool-use"""

_INVALID = ("invalid_", "image_")
_POLICY = ("_policy", "_policy_violation")
"""How the codes begin and end by which OpenAI refuses what it was sent.
https://platform.openai.com/docs/api-reference/responses/object"""


def error_type(*, dialect: str, status: int | None, code: str = "") -> ErrorType:
    """Name the kind of a failure: by an error status, else by the provider's own `code` of a mid-stream error.

    `dialect` is a `Dialect.name`. `status` is None when there was no answer at all.
    """
    if status is not None and status >= _FIRST_ERROR_STATUS:
        return _of_status(dialect, status)
    if code.startswith("rate_limit"):
        return ErrorType.RATE_LIMITED
    if code.isdecimal() and len(code) == 3:  # noqa: PLR2004  # some vendors name the error by its HTTP status
        return _of_status(dialect, int(code))
    refused = code.startswith(_INVALID) or code.endswith(_POLICY)
    return _CODES.get(code, ErrorType.BAD_REQUEST if refused else ErrorType.UNKNOWN)


def _of_status(dialect: str, status: int) -> ErrorType:
    if status == _OVERLOADED.get(dialect):
        return ErrorType.OVERLOADED
    return _STATUS.get(status, ErrorType.SERVER_ERROR if status // 100 == 5 else ErrorType.UNKNOWN)  # noqa: PLR2004
