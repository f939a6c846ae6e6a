"""Which proxy is used for which provider."""

import pytest

from aibridge.errors import SettingsError
from aibridge.gateway.upstream import Proxies, Target

HTTPS = Target.parse("https://api.example.com/v1")
HTTP = Target.parse("http://api.example.com/v1")


def chosen(target: Target, environ: dict[str, str]) -> str | None:
    proxy = Proxies.from_environment(environ).select(target)
    return None if proxy is None else f"{'https' if proxy.tls else 'http'}://{proxy.host}:{proxy.port}"


@pytest.mark.parametrize(
    ("environ", "https", "http"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://p:3128", None),
        ({"https_proxy": "http://p:3128/"}, "http://p:3128", None),
        ({"HTTPS_PROXY": "http://capital", "https_proxy": "http://small"}, "http://small:80", None),
        ({"HTTPS_PROXY": "p:3128"}, "http://p:3128", None),
        ({"HTTPS_PROXY": "https://p"}, "https://p:443", None),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, "http://::1:3128", None),
        ({"HTTP_PROXY": "http://p:1"}, None, "http://p:1"),
        ({"http_proxy": "http://p:1"}, None, "http://p:1"),
        ({"ALL_PROXY": "http://p:1"}, "http://p:1", "http://p:1"),
        ({"all_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2"}, "http://q:2", "http://p:1"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": " "}, None, None),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "POST"}, None, None),
        ({"http_proxy": "http://p:1", "REQUEST_METHOD": "POST"}, None, "http://p:1"),
    ],
)
def test_the_usual_variables_are_read(environ: dict[str, str], https: str | None, http: str | None) -> None:
    """As curl does: small letters win, and `HTTP_PROXY` means nothing under CGI (httpoxy)."""
    assert (chosen(HTTPS, environ), chosen(HTTP, environ)) == (https, http)


@pytest.mark.parametrize(
    ("no_proxy", "url", "exempt"),
    [
        ("*", "https://api.example.com", True),
        ("example.com", "https://api.example.com", True),
        ("example.com", "https://example.com", True),
        (".example.com", "https://api.example.com", True),
        ("*.example.com", "https://api.example.com", True),
        ("EXAMPLE.com", "https://api.Example.COM", True),
        ("example.com", "https://api.example.com.", True),
        ("ample.com", "https://api.example.com", False),
        ("api.example.com:443", "https://api.example.com", True),
        ("api.example.com:8443", "https://api.example.com", False),
        ("localhost, 127.0.0.1 ,::1", "https://[::1]:8000", True),
        ("localhost 127.0.0.1", "https://127.0.0.1", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://api.example.com", False),
        ("2001:db8::/32", "https://[2001:db8::5]", True),
        ("[2001:db8::5]:8443", "https://[2001:db8::5]:8443", True),
        ("[2001:db8::5]:8443", "https://[2001:db8::5]", False),
        ("0.0.0.1", "https://10.0.0.1", False),
        (",,.,", "https://api.example.com", False),
        ("", "https://api.example.com", False),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_exemptions(no_proxy: str, url: str, exempt: bool, name: str) -> None:  # noqa: FBT001
    """Names with all below them, addresses, networks, ports, and the star."""
    environ = {"HTTPS_PROXY": "http://p:1", name: no_proxy}
    assert (chosen(Target.parse(url), environ) is None) == exempt


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("socks5://user:hunter2@p:1080", "socks5 proxy"),
        ("http://", "names no host"),
        ("http://user:hunter2@p:port", "not a valid proxy URL"),
    ],
)
def test_a_wrong_proxy_stops_the_start(url: str, says: str) -> None:
    """The message names the variable, never what may be a password."""
    with pytest.raises(SettingsError, match=says) as error:
        Proxies.from_environment({"HTTPS_PROXY": url})
    assert "HTTPS_PROXY" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_proxy_does_not_show_its_password() -> None:
    """It is a credential like any other."""
    proxies = Proxies.from_environment({"HTTPS_PROXY": "http://user:p%40ss@p:1"})
    assert proxies.https is not None
    assert proxies.https.authorization == b"Basic dXNlcjpwQHNz"
    assert "dXNlc" not in repr(proxies)
