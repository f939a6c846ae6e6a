"""Base URLs of providers."""

import pytest

from aibridge.errors import SettingsError
from aibridge.gateway.upstream import Target


@pytest.mark.parametrize(
    ("url", "origin", "base", "host"),
    [
        ("https://api.anthropic.com", "https://api.anthropic.com:443", b"", b"api.anthropic.com"),
        ("https://API.openai.com/v1/", "https://api.openai.com:443", b"/v1", b"api.openai.com"),
        ("https://x.azure.com:443/a/b", "https://x.azure.com:443", b"/a/b", b"x.azure.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", b"", b"127.0.0.1:8080"),
        ("http://[::1]:80", "http://[::1]:80", b"", b"[::1]"),
        ("https://[2001:DB8::1]:8443/v1", "https://[2001:db8::1]:8443", b"/v1", b"[2001:db8::1]:8443"),
    ],
)
def test_a_base_url_is_taken_apart(url: str, origin: str, base: bytes, host: bytes) -> None:
    """Host carries the port only when it is not the scheme's own; the base path has no trailing slash."""
    target = Target.parse(url)
    assert (target.origin, target.base_path, target.host_header) == (origin, base, host)
    assert target.tls == url.startswith("https")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("api.openai.com/v1", "begin with https"),
        ("ftp://host/", "begin with https"),
        ("https://", "no valid host"),
        ("https:///v1", "no valid host"),
        ("https://user:hunter2@host/", "user or password"),
        ("https://user@host/", "user or password"),
        ("https://host/v1?key=1", "no query"),
        ("https://host/v1?", "no query"),
        ("https://host/v1#a", "no fragment"),
        ("https://host/a/../b", "path"),
        ("https://host/a//b", "path"),
        ("https://host/a b", "path"),
        ("https://ho st/", "no valid host"),
        ("https://höst/", "no valid host"),
        ("https://host:0/", "port 0"),
        ("https://host:99999/", "cannot be read"),
        ("https://host:x/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("", "begin with https"),
    ],
)
def test_a_wrong_base_url_is_named(url: str, says: str) -> None:
    """The message names what is wrong, and never a password."""
    with pytest.raises(SettingsError, match=says) as error:
        Target.parse(url)
    assert "hunter2" not in str(error.value)
