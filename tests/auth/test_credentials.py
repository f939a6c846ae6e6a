"""Which headers say who asks, which are the user's own key, and which never leave the house."""

import pytest

from aibridge.auth.credentials import MAX_CANDIDATES, Credentials, mask, read_credentials
from aibridge.auth.tokens import mint
from aibridge.records import CredentialKind, CredentialType, ProviderType

TOKEN = mint().token
OTHER = mint().token
OWN_KEY = "sk-ant-api03-abcdefghijklmnop"
OWN_LOGIN = "sk-ant-oat01-qrstuvwxyz012345"

ANTHROPIC, OPENAI, COPILOT = ProviderType.ANTHROPIC, ProviderType.OPENAI, ProviderType.COPILOT
Header = tuple[str, str]


def read(provider: ProviderType, *headers: Header) -> Credentials:
    return read_credentials([(name.encode(), value.encode()) for name, value in headers], provider)


def upstream(credentials: Credentials, *headers: Header) -> list[Header]:
    return [(name, value) for name, value in headers if name.encode() not in credentials.drop]


# ------------------------------------------------------------------ centralized


@pytest.mark.parametrize("provider", [ANTHROPIC, OPENAI])
@pytest.mark.parametrize(
    "header",
    [
        ("authorization", f"Bearer {TOKEN}"),
        ("authorization", f"bearer {TOKEN}"),
        ("authorization", f"BEARER   {TOKEN} "),
        ("x-api-key", TOKEN),
        ("api-key", TOKEN),
    ],
)
def test_one_token_is_centralized(provider: ProviderType, header: Header) -> None:
    """The token is found where clients put it, and the header that carried it is removed."""
    credentials = read(provider, ("accept", "*/*"), header)
    assert credentials.candidates == (TOKEN,)
    assert credentials.kind is CredentialKind.CENTRALIZED
    assert upstream(credentials, ("accept", "*/*"), header) == [("accept", "*/*")]


def test_centralized_removes_every_credential_header() -> None:
    """With the provider's key on, nothing of the client's credentials goes along, repetitions included."""
    headers = (
        ("authorization", f"Bearer {TOKEN}"),
        ("authorization", "Bearer sk-second"),
        ("x-api-key", OWN_KEY),
        ("api-key", "azure"),
        ("x-goog-api-key", "goog"),
        ("user-agent", "codex/1"),
    )
    credentials = read(OPENAI, *headers)
    assert upstream(credentials, *headers) == [("user-agent", "codex/1")]
    assert (credentials.hint, credentials.own_left) == ("", False)


def test_two_different_tokens_are_both_offered() -> None:
    """Claude Code sends `ANTHROPIC_AUTH_TOKEN` and `ANTHROPIC_API_KEY` when both are set: the first valid counts."""
    credentials = read(ANTHROPIC, ("x-api-key", OTHER), ("authorization", f"Bearer {TOKEN}"))
    assert credentials.candidates == (TOKEN, OTHER)
    assert not credentials.byok


def test_the_same_token_twice_is_one_candidate() -> None:
    assert read(ANTHROPIC, ("x-api-key", TOKEN), ("authorization", f"Bearer {TOKEN}")).candidates == (TOKEN,)


def test_a_providers_key_beside_the_token_is_no_candidate() -> None:
    """Only what looks like an aibridge token is worth a look-up."""
    assert read(ANTHROPIC, ("authorization", "Bearer sk-x"), ("x-api-key", TOKEN)).candidates == (TOKEN,)


def test_something_that_is_no_token_is_offered_to_be_refused() -> None:
    """A provider's key instead of a token is an invalid token, not a missing one."""
    assert read(ANTHROPIC, ("x-api-key", OWN_KEY)).candidates == (OWN_KEY,)


@pytest.mark.parametrize("headers", [[], [("authorization", "Bearer ")], [("authorization", " ")], [("x-api-key", "")]])
def test_nothing_offered_is_nothing(headers: list[Header]) -> None:
    assert read(OPENAI, *headers).candidates == ()


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_name_and_a_password_are_no_token(scheme: str) -> None:
    """The refusal says what is missing, not that a token is wrong; a token beside them counts, and they stay here."""
    password = ("authorization", f"{scheme} YWRhOnNlY3JldA==")
    assert read(ANTHROPIC, password).candidates == ()
    credentials = read(ANTHROPIC, password, ("x-api-key", TOKEN))
    assert credentials.candidates == (TOKEN,)
    assert upstream(credentials, password) == []


def test_many_tokens_cost_few_look_ups() -> None:
    headers = [("authorization", f"Bearer {mint().token}") for _ in range(50)]
    assert len(read(OPENAI, *headers).candidates) == MAX_CANDIDATES


# ------------------------------------------------------------------ the user's own key


@pytest.mark.parametrize("name", ["x-aibridge-token", "x-coder-ai-governance-token"])
def test_the_token_header_makes_it_byok(name: str) -> None:
    """The token goes, the user's own key stays."""
    headers = ((name, TOKEN), ("x-api-key", OWN_KEY))
    credentials = read(ANTHROPIC, *headers)
    assert credentials.candidates == (TOKEN,)
    assert credentials.kind is CredentialKind.BYOK
    assert credentials.own_left
    assert upstream(credentials, *headers) == [("x-api-key", OWN_KEY)]


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_token_header_is_not_byok(blank: str) -> None:
    credentials = read(ANTHROPIC, ("x-aibridge-token", blank), ("x-api-key", TOKEN))
    assert not credentials.byok
    assert credentials.candidates == (TOKEN,)
    assert b"x-aibridge-token" in credentials.drop


def test_byok_takes_the_token_only_from_its_header() -> None:
    """With an explicit but wrong token, one elsewhere does not let the request in — and does not go upstream."""
    credentials = read(ANTHROPIC, ("x-aibridge-token", "wrong"), ("x-api-key", TOKEN))
    assert credentials.candidates == ("wrong",)
    assert b"x-api-key" in credentials.drop
    assert not credentials.own_left


def test_anthropic_with_both_headers_forwards_the_key() -> None:
    headers = (("x-aibridge-token", TOKEN), ("authorization", f"Bearer {OWN_LOGIN}"), ("x-api-key", OWN_KEY))
    credentials = read(ANTHROPIC, *headers)
    assert upstream(credentials, *headers) == [("x-api-key", OWN_KEY)]
    assert (credentials.credential_type, credentials.hint) == (CredentialType.API_KEY, "sk-a...mnop")


def test_anthropic_falls_back_to_authorization_when_the_key_is_a_token() -> None:
    """Trap 31: the aibridge token in the provider's header as well never goes upstream."""
    headers = (("x-aibridge-token", TOKEN), ("authorization", f"Bearer {OWN_LOGIN}"), ("x-api-key", TOKEN))
    credentials = read(ANTHROPIC, *headers)
    assert upstream(credentials, *headers) == [("authorization", f"Bearer {OWN_LOGIN}")]
    assert credentials.credential_type is CredentialType.SUBSCRIPTION


def test_byok_with_only_tokens_has_nothing_left() -> None:
    """Trap 31, the other half: what is left is no credential, so the request is refused."""
    headers = (("x-aibridge-token", TOKEN), ("authorization", f"Bearer {TOKEN}"), ("x-api-key", OTHER))
    credentials = read(ANTHROPIC, *headers)
    assert not credentials.own_left
    assert upstream(credentials, *headers) == []


@pytest.mark.parametrize("provider", list(ProviderType))
@pytest.mark.parametrize("byok", [True, False])
@pytest.mark.parametrize("name", ["x-custom", "cookie", "anthropic-beta", "x-goog-api-key", "authorization"])
@pytest.mark.parametrize("value", ["{}", "Bearer {}", "session={}; theme=dark", "{}x"])
def test_no_header_takes_a_token_upstream(provider: ProviderType, byok: bool, name: str, value: str) -> None:  # noqa: FBT001
    """In no mode, whatever the header is called and wherever in the value the token stands."""
    headers = [("x-api-key", OWN_KEY), (name, value.format(TOKEN)), ("accept", "*/*")]
    if byok:
        headers.append(("x-aibridge-token", TOKEN))
    credentials = read(provider, *headers)
    assert not any("aib_" in value for _, value in upstream(credentials, *headers))
    assert ("accept", "*/*") in upstream(credentials, *headers)


@pytest.mark.parametrize(
    ("provider", "headers", "expected"),
    [
        (ANTHROPIC, [("x-api-key", "anything")], CredentialType.API_KEY),
        (ANTHROPIC, [("authorization", f"Bearer {OWN_KEY}")], CredentialType.API_KEY),
        (ANTHROPIC, [("authorization", f"Bearer {OWN_LOGIN}")], CredentialType.SUBSCRIPTION),
        (OPENAI, [("authorization", "Bearer sk-proj-x")], CredentialType.API_KEY),
        (OPENAI, [("api-key", "azure")], CredentialType.API_KEY),
        (OPENAI, [("authorization", "Bearer eyJ"), ("chatgpt-account-id", "7")], CredentialType.SUBSCRIPTION),
        (COPILOT, [("authorization", "Bearer ghu_x")], CredentialType.SUBSCRIPTION),
    ],
)
def test_what_kind_of_credential_it_is(provider: ProviderType, headers: list[Header], expected: CredentialType) -> None:
    credentials = read(provider, ("x-aibridge-token", TOKEN), *headers)
    assert credentials.credential_type is expected
    assert upstream(credentials, *headers) == headers


# ------------------------------------------------------------------ Copilot


def test_copilot_is_always_byok() -> None:
    """Its own token goes upstream; aibridge's may stand in any other credential header."""
    headers = (("authorization", "Bearer ghu_0123456789abcdefghij"), ("x-api-key", TOKEN))
    credentials = read(COPILOT, *headers)
    assert credentials.byok
    assert credentials.candidates == (TOKEN,)
    assert credentials.hint == "ghu_...ghij"
    assert upstream(credentials, *headers) == [headers[0]]


def test_copilot_without_an_aibridge_token_offers_none() -> None:
    """The user's own GitHub token is never taken for a candidate."""
    assert read(COPILOT, ("authorization", "Bearer ghu_x")).candidates == ()


def test_copilot_with_only_the_aibridge_token_has_nothing_left() -> None:
    credentials = read(COPILOT, ("authorization", f"Bearer {TOKEN}"))
    assert credentials.candidates == (TOKEN,)
    assert not credentials.own_left


# ------------------------------------------------------------------ hints


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        ("", ""),
        ("a", "..."),
        ("a" * 19, "..."),
        ("abcd" + "-" * 12 + "wxyz", "abcd...wxyz"),
        ("äöüß" + "-" * 12 + "日本語語", "äöüß...日本語語"),
    ],
)
def test_masking(secret: str, hint: str) -> None:
    """Four runes at each end from twenty on; below that nothing at all."""
    assert mask(secret) == hint


def test_bytes_that_are_no_text_are_masked_too() -> None:
    raw = [(b"x-aibridge-token", TOKEN.encode()), (b"x-api-key", b"\xff" * 30)]
    assert read_credentials(raw, ANTHROPIC).hint == "\ufffd" * 4 + "..." + "\ufffd" * 4
