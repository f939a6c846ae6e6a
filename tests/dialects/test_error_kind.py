import pytest

from aibridge.dialects.error_kind import error_type
from aibridge.records import ErrorType


@pytest.mark.parametrize(
    ("dialect", "status", "kind"),
    [
        *(("openai_chat", status, "bad_request") for status in (400, 404, 413, 422)),
        *(("anthropic_messages", status, "unauthorized") for status in (401, 403)),
        ("openai_responses", 429, "rate_limited"),
        ("anthropic_messages", 529, "overloaded"),
        ("openai_chat", 529, "server_error"),
        ("openai_chat", 503, "overloaded"),
        ("openai_responses", 503, "overloaded"),
        ("anthropic_messages", 503, "server_error"),
        ("openai_chat", 408, "timeout"),
        ("openai_chat", 504, "timeout"),
        ("openai_chat", 500, "server_error"),
        ("somebody_else", 502, "server_error"),
        ("openai_chat", 418, "unknown"),
        ("openai_chat", 600, "unknown"),
        ("openai_chat", 200, "unknown"),
        ("openai_chat", None, "unknown"),
    ],
)
def test_an_error_status_names_the_kind(dialect: str, status: int | None, kind: str) -> None:
    assert error_type(dialect=dialect, status=status) is ErrorType(kind)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("overloaded_error", "overloaded"),
        ("server_is_overloaded", "overloaded"),
        ("rate_limit_error", "rate_limited"),
        ("rate_limit_exceeded", "rate_limited"),
        ("rate_limit_tokens", "rate_limited"),
        ("insufficient_quota", "rate_limited"),
        ("authentication_error", "unauthorized"),
        ("invalid_request_error", "bad_request"),
        ("tool_use_failed", "bad_request"),
        ("insufficient_system_resource", "overloaded"),
        ("network_error", "server_error"),
        ("timeout_error", "timeout"),
        ("vector_store_timeout", "timeout"),
        ("usage_limit_reached", "rate_limited"),
        ("invalid_api_key", "unauthorized"),
        ("invalid_image_url", "bad_request"),
        ("image_too_large", "bad_request"),
        ("bio_policy", "bad_request"),
        ("misalignment_policy_violation", "bad_request"),
        ("data_residency_mismatch", "bad_request"),
        ("api_error", "server_error"),
        ("server_error", "server_error"),
        ("503", "overloaded"),
        ("429", "rate_limited"),
        ("12345", "unknown"),
        ("ERR_SOMETHING", "unknown"),
    ],
)
def test_an_error_inside_a_good_answer_is_named_by_its_code(code: str, kind: str) -> None:
    assert error_type(dialect="openai_chat", status=200, code=code) is ErrorType(kind)


def test_the_status_comes_before_the_code() -> None:
    assert error_type(dialect="openai_chat", status=400, code="server_error") is ErrorType.BAD_REQUEST
