"""OpenAI's error envelope, shared by its two APIs.

https://platform.openai.com/docs/guides/error-codes
"""

import json

_BAD_REQUEST = "invalid_request_error"
_ERRORS: dict[int, tuple[str, str | None]] = {
    401: (_BAD_REQUEST, "invalid_api_key"),
    403: ("permission_error", "permission_denied"),
    404: (_BAD_REQUEST, "not_found"),
    413: (_BAD_REQUEST, "request_too_large"),
    426: (_BAD_REQUEST, "upgrade_required"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    501: (_BAD_REQUEST, "not_supported"),
    503: ("server_error", "service_unavailable"),
    504: ("server_error", "timeout"),
}


def openai_error_body(*, status: int, message: str) -> bytes:
    """The gateway's own error as OpenAI would write it."""
    fallback = ("server_error", None) if status >= 500 else (_BAD_REQUEST, None)  # noqa: PLR2004
    kind, code = _ERRORS.get(status, fallback)
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()
