"""Who asks, with whose key, and what of it leaves the house."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from aibridge.auth.tokens import mint
from aibridge.demo.received import Received
from aibridge.demo.script import Text
from aibridge.gateway.providers import Provider
from aibridge.gateway.upstream import Target
from aibridge.records import ProviderType, Role, Scope, UserStatus
from support import asking, tokens
from support.gateway import PROVIDER_KEY, ROOT, Gateway
from support.raw_client import connect, head
from support.stage import Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN_KEY = "sk-ant-api03-0123456789abcdefghij"
OWN_SUBSCRIPTION = "sk-ant-oat01-0123456789abcdefghij"
GOVERNANCE = "X-Coder-AI-Governance-Token"

Sent = list[tuple[str, str]]


async def ask(
    stage: Stage, headers: Sent, *, provider: str = "anthropic", path: str = "/v1/messages", body: bytes = b""
) -> httpx.Response:
    url = f"{stage.gateway.url}{ROOT}/{provider}{path}"
    return await stage.gateway.http.post(url, content=body or asking.messages(), headers=headers)


def credentials(asked: Received) -> dict[bytes, list[bytes]]:
    """What of it arrived at the provider."""
    names = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie", b"proxy-authorization")
    return {name: asked.all(name) for name in names if asked.all(name)}


async def once_it_is(stage: Stage, token: str, status: int) -> httpx.Response:
    """Ask until the announcement of a change was heard."""
    async with asyncio.timeout(60):
        while (answer := await ask(stage, [("x-api-key", token)])).status_code != status:
            await asyncio.sleep(0)
    return answer


def nowhere(secret: str, asked: Received) -> bool:
    return not any(secret.encode() in name + value for name, value in asked.headers) and secret not in str(asked.target)


# ------------------------------------------------------------------ with the deployment's key


@pytest.mark.parametrize(
    "header",
    [("authorization", "Bearer {}"), ("Authorization", "bearer   {}"), ("x-api-key", "{}"), ("api-key", "{}")],
    ids=["bearer", "odd bearer", "x-api-key", "azure"],
)
async def test_a_token_in_any_credential_header_is_replaced_by_the_providers_key(
    stage: Stage, header: tuple[str, str]
) -> None:
    provider = stage.says(Text("hello"))
    token = stage.gateway.user.token
    assert (await ask(stage, [(header[0], header[1].format(token))])).status_code == 200
    (asked,) = provider.requests
    assert credentials(asked) == {b"x-api-key": [PROVIDER_KEY.encode()]}
    assert nowhere(token, asked)
    record = await stage.gateway.only()
    assert (record["credential_kind"], record["credential_type"]) == ("centralized", "api_key")
    assert record["credential_hint"] == "sk-p...cdef"
    assert record["api_key_id"] == token.split("_")[1]


async def test_an_openai_provider_gets_its_key_as_bearer(stage: Stage) -> None:
    provider = stage.says(Text("hello"))
    headers = [("api-key", stage.gateway.user.token)]
    answer = await ask(stage, headers, provider="openai", path="/v1/chat/completions", body=asking.chat())
    assert answer.status_code == 200
    assert credentials(provider.requests[0]) == {b"authorization": [b"Bearer " + PROVIDER_KEY.encode()]}


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        (ProviderType.ANTHROPIC, "https://api.anthropic.com", (b"x-api-key", b"k")),
        (ProviderType.OPENAI, "https://api.openai.com/v1", (b"authorization", b"Bearer k")),
        (ProviderType.OPENAI, "https://x.openai.azure.com/openai/v1", (b"api-key", b"k")),
    ],
)
async def test_each_type_has_its_header(kind: ProviderType, url: str, expected: tuple[bytes, bytes]) -> None:
    """Azure's is its own."""
    provider = Provider(name="x", type=kind, target=Target.parse(url), key="k")
    assert provider.credential == expected


@pytest.mark.parametrize("order", ["valid first", "valid last"])
async def test_of_two_headers_the_first_valid_token_counts(stage: Stage, order: str) -> None:
    """Clients do send two with different values; neither goes upstream."""
    provider = stage.says(Text("hello"))
    valid, other = stage.gateway.user.token, mint().token
    bearer, key = (valid, other) if order == "valid first" else (other, valid)
    headers = [("authorization", f"Bearer {bearer}"), ("x-api-key", key), ("x-goog-api-key", "AIza-goog")]
    assert (await ask(stage, headers)).status_code == 200
    (asked,) = provider.requests
    assert credentials(asked) == {b"x-api-key": [PROVIDER_KEY.encode()]}
    assert nowhere(valid, asked)
    assert nowhere(other, asked)


async def test_a_strange_key_beside_the_token_is_removed(stage: Stage) -> None:
    """All repetitions of all credential headers go."""
    provider = stage.says(Text("hello"))
    token = stage.gateway.user.token
    headers = [("x-api-key", "sk-strange"), ("authorization", f"Bearer {token}"), ("x-api-key", "sk-stranger")]
    headers += [("cookie", "session=1"), ("proxy-authorization", "Basic eDp5")]
    assert (await ask(stage, headers)).status_code == 200
    assert credentials(provider.requests[0]) == {b"x-api-key": [PROVIDER_KEY.encode()]}


async def test_trap_31_no_header_carries_the_token_away(stage: Stage) -> None:
    """Whatever its name, and however the token is wrapped."""
    provider = stage.says(Text("hello"))
    token = stage.gateway.user.token
    headers = [("x-api-key", token), ("x-custom-auth", f"token={token}"), ("x-harmless", "stays")]
    assert (await ask(stage, headers)).status_code == 200
    (asked,) = provider.requests
    assert nowhere(token, asked)
    assert asked.header(b"x-harmless") == b"stays"


@pytest.mark.parametrize("address", ["/v1/messages?beta=true&key={}", "/v1/models/{}", "/v1/models?after_id=x{}"])
async def test_trap_31_no_address_carries_the_token_away(stage: Stage, address: str) -> None:
    """It goes upstream as it came, so a token in it is refused, and said to be one that others may have seen."""
    upstream = stage.says(Text("hello"))
    token = stage.gateway.user.token
    method = "POST" if "messages" in address else "GET"
    url = f"{stage.gateway.url}{ROOT}/anthropic{address.format(token)}"
    answer = await stage.gateway.http.request(method, url, headers=[("x-api-key", token)])
    assert answer.status_code == 400
    assert answer.headers["x-should-retry"] == "false"
    assert "revoke" in answer.json()["error"]["message"]
    assert token not in answer.text
    assert not upstream.requests


async def test_without_a_configured_key_there_is_no_anonymous_call(stage: Stage) -> None:
    """401 that names the provider whose key is missing."""
    provider = stage.says(Text("hello"))
    answer = await ask(stage, [("x-api-key", stage.gateway.user.token)], provider="keyless")
    assert answer.status_code == 401
    assert "keyless" in answer.json()["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert not provider.requests


# ------------------------------------------------------------------ with the user's own


OWN: list[tuple[str, Sent, dict[bytes, list[bytes]], str, str]] = [
    (
        "anthropic",
        [("x-api-key", OWN_KEY)],
        {b"x-api-key": [OWN_KEY.encode()]},
        "api_key",
        "sk-a...ghij",
    ),
    (
        "anthropic",
        [("authorization", f"Bearer {OWN_KEY}")],
        {b"authorization": [f"Bearer {OWN_KEY}".encode()]},
        "api_key",
        "sk-a...ghij",
    ),
    (
        "anthropic",
        [("authorization", f"Bearer {OWN_SUBSCRIPTION}")],
        {b"authorization": [f"Bearer {OWN_SUBSCRIPTION}".encode()]},
        "subscription",
        "sk-a...ghij",
    ),
    (
        "anthropic",
        [("authorization", f"Bearer {OWN_SUBSCRIPTION}"), ("x-api-key", OWN_KEY)],
        {b"x-api-key": [OWN_KEY.encode()]},
        "api_key",
        "sk-a...ghij",
    ),
    (
        "keyless",
        [("x-api-key", "short")],
        {b"x-api-key": [b"short"]},
        "api_key",
        "...",
    ),
    (
        "openai",
        [("authorization", "Bearer sk-proj-0123456789abcdef")],
        {b"authorization": [b"Bearer sk-proj-0123456789abcdef"]},
        "api_key",
        "sk-p...cdef",
    ),
    (
        "openai",
        [("authorization", "Bearer eyJhbGciOi.0123456789abcdef"), ("chatgpt-account-id", "acc")],
        {b"authorization": [b"Bearer eyJhbGciOi.0123456789abcdef"]},
        "subscription",
        "eyJh...cdef",
    ),
    (
        "copilot",
        [("authorization", "Bearer ghu_0123456789abcdefghij")],
        {b"authorization": [b"Bearer ghu_0123456789abcdefghij"]},
        "subscription",
        "ghu_...ghij",
    ),
]


def route(provider: str) -> tuple[str, bytes]:
    if provider == "openai":
        return "/v1/chat/completions", asking.chat()
    return ("/chat/completions", asking.chat()) if "copilot" in provider else ("/v1/messages", asking.messages())


@pytest.mark.parametrize("token_header", ["X-AIBridge-Token", GOVERNANCE])
@pytest.mark.parametrize(("provider", "own", "sent", "kind", "hint"), OWN)
async def test_the_users_own_credential_goes_upstream_as_it_came(
    stage: Stage, *, provider: str, own: Sent, sent: dict[bytes, list[bytes]], kind: str, hint: str, token_header: str
) -> None:
    """The aibridge token stands in a header of its own, and only a mask of the credential is kept."""
    upstream = stage.says(Text("hello"))
    path, body = route(provider)
    headers = [(token_header, stage.gateway.user.token), *own]
    assert (await ask(stage, headers, provider=provider, path=path, body=body)).status_code == 200
    (asked,) = upstream.requests
    assert credentials(asked) == sent
    assert nowhere(stage.gateway.user.token, asked)
    record = await stage.gateway.only()
    assert (record["credential_kind"], record["credential_type"], record["credential_hint"]) == ("byok", kind, hint)
    assert not any(value in json.dumps(record) for _, value in own if len(value) > 10)


async def test_trap_31_the_token_in_the_providers_header_too_is_removed(stage: Stage) -> None:
    """Also when the user's own credential stands in another one."""
    upstream = stage.says(Text("hello"))
    token = stage.gateway.user.token
    headers = [("x-aibridge-token", token), ("authorization", f"Bearer {token}"), ("x-api-key", OWN_KEY)]
    assert (await ask(stage, headers)).status_code == 200
    (asked,) = upstream.requests
    assert credentials(asked) == {b"x-api-key": [OWN_KEY.encode()]}
    assert nowhere(token, asked)


@pytest.mark.parametrize("spelt", ["aib_", "%61ib_", "a%69%62%5F"])
async def test_a_token_in_the_query_stays_here(stage: Stage, spelt: str) -> None:
    """However it is spelt: the query goes to the provider as it is."""
    upstream = stage.says(Text("hello"))
    token = stage.gateway.user.token.replace("aib_", spelt, 1)
    answer = await stage.gateway.post(f"/v1/messages?beta=true&key={token}", asking.messages())
    assert (answer.status_code, "revoke" in answer.text) == (400, True)
    assert not upstream.requests


@pytest.mark.parametrize("provider", ["anthropic", "openai", "copilot"])
async def test_byok_with_no_credential_left_is_401(stage: Stage, provider: str) -> None:
    """With the token alone, also when it is in the provider's header too. Never with the deployment's key."""
    upstream = stage.says(Text("hello"))
    path, body = route(provider)
    token = stage.gateway.user.token
    for headers in ([("x-aibridge-token", token)], [("x-aibridge-token", token), ("authorization", f"Bearer {token}")]):
        answer = await ask(stage, headers, provider=provider, path=path, body=body)
        assert answer.status_code == 401
        assert answer.headers["x-should-retry"] == "false"
    assert not upstream.requests


@pytest.mark.parametrize("options", ["x-api-key", "close, X-Api-Key", "keep-alive,x-api-key , x-foo"])
async def test_an_own_key_that_ends_here_is_none(stage: Stage, options: str) -> None:
    """What `Connection` names does not go on: the call would be anonymous, and the record would name a key."""
    upstream = stage.says(Text("hello"))
    headers = [("x-aibridge-token", stage.gateway.user.token), ("x-api-key", OWN_KEY), ("connection", options)]
    assert (await ask(stage, headers)).status_code == 401
    assert not upstream.requests


async def test_a_blank_token_header_means_the_deployments_key(stage: Stage) -> None:
    upstream = stage.says(Text("hello"))
    headers = [("x-aibridge-token", ""), ("x-api-key", stage.gateway.user.token)]
    assert (await ask(stage, headers)).status_code == 200
    assert credentials(upstream.requests[0]) == {b"x-api-key": [PROVIDER_KEY.encode()]}
    assert (await stage.gateway.only())["credential_kind"] == "centralized"


async def test_two_instances_of_one_type_are_told_apart(stage: Stage) -> None:
    """Both `provider` and `provider_name` are on the record; each has its own address."""
    upstream = stage.says(Text("hello"))
    headers = [("x-aibridge-token", stage.gateway.user.token), ("authorization", "Bearer ghu_0123456789abcdefghij")]
    for name in ("copilot", "copilot-business"):
        answer = await ask(stage, headers, provider=name, path="/chat/completions", body=asking.chat())
        assert answer.status_code == 200
    assert [asked.target for asked in upstream.requests] == [b"/chat/completions", b"/business/chat/completions"]
    records = await stage.gateway.interceptions()
    found = [(record["provider"], record["provider_name"]) for record in reversed(records)]
    assert found == [("copilot", "copilot"), ("copilot", "copilot-business")]


async def test_byok_can_be_forbidden(database: str) -> None:
    """403 for those who bring a key; the deployment's own goes on working."""
    async with open_stage(database, environ={"AIBRIDGE_ALLOW_BYOK": "false"}) as strict:
        stage = await strict.visited_by()
        upstream = stage.says(Text("hello"))
        token = stage.gateway.user.token
        refused = await ask(stage, [("x-aibridge-token", token), ("x-api-key", OWN_KEY)])
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "permission_error")
        assert not upstream.requests
        assert (await ask(stage, [("x-api-key", token)])).status_code == 200


# ------------------------------------------------------------------ who may not


SHAPES = [
    ("anthropic", "/v1/messages", asking.messages, "authentication_error", "type"),
    ("openai", "/v1/chat/completions", asking.chat, "invalid_api_key", "code"),
    ("openai", "/v1/responses", asking.responses, "invalid_api_key", "code"),
]


@pytest.mark.parametrize(("provider", "path", "body", "kind", "key"), SHAPES)
@pytest.mark.parametrize("token", [None, "", "aib_x_y", "sk-anything", "aib_0123456789abcdef_0123456789abcdef"])
async def test_a_missing_or_invalid_token_is_401_in_the_providers_shape(
    stage: Stage, *, provider: str, path: str, body: asking.Asks, kind: str, key: str, token: str | None
) -> None:
    """And stops its client at once, which would go on for a minute otherwise."""
    upstream = stage.says(Text("hello"))
    headers = [] if token is None else [("authorization", f"Bearer {token}".strip())]
    answer = await ask(stage, headers, provider=provider, path=path, body=body())
    assert answer.status_code == 401
    assert answer.json()["error"][key] == kind
    assert answer.headers["x-should-retry"] == "false"
    assert not upstream.requests


async def token_of(
    gateway: Gateway, *, scopes: frozenset[Scope] = frozenset({Scope.GATEWAY}), expires_at: datetime | None = None
) -> str:
    """A token with something to it."""
    people = gateway.worker.store.people
    person = await people.find_user(gateway.user.id)
    assert person is not None
    return (await tokens.token_of(people, person, scopes=scopes, expires_at=expires_at)).token


async def test_an_expired_token_is_401(stage: Stage) -> None:
    token = await token_of(stage.gateway, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    answer = await ask(stage, [("x-api-key", token)])
    assert (answer.status_code, "expired" in answer.text) == (401, True)


async def test_a_token_without_the_scope_is_403(stage: Stage) -> None:
    token = await token_of(stage.gateway, scopes=frozenset({Scope.API}))
    answer = await ask(stage, [("x-api-key", token)])
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "permission_error")
    assert answer.headers["x-should-retry"] == "false"


async def test_a_token_without_the_scope_is_not_in_the_way_of_one_with_it(stage: Stage) -> None:
    """Clients send two: the first that opens the gateway counts. If none does, the missing scope is told."""
    stage.says(Text("hello"))
    narrow, good = await token_of(stage.gateway, scopes=frozenset({Scope.API})), stage.gateway.user.token
    for first, second, status in (
        (narrow, good, 200),
        (good, narrow, 200),
        (narrow, mint().token, 403),
        (mint().token, narrow, 403),
    ):
        answer = await ask(stage, [("authorization", f"Bearer {first}"), ("x-api-key", second)])
        assert answer.status_code == status


async def test_a_revoked_token_is_401_at_once(stage: Stage) -> None:
    """Although it was known a moment before."""
    stage.says(Text("hello"))
    user = stage.gateway.user
    assert (await ask(stage, [("x-api-key", user.token)])).status_code == 200
    await stage.gateway.worker.store.people.revoke_token(user.token.split("_")[1])
    answer = await once_it_is(stage, user.token, 401)
    assert (answer.status_code, "revoked" in answer.text) == (401, True)


async def test_a_suspended_user_is_403_at_once(stage: Stage) -> None:
    stage.says(Text("hello"))
    user = stage.gateway.user
    assert (await ask(stage, [("x-api-key", user.token)])).status_code == 200
    await stage.gateway.worker.store.people.set_status(user.id, UserStatus.SUSPENDED)
    assert (await once_it_is(stage, user.token, 403)).status_code == 403


async def test_trap_21_tokens_that_begin_alike_are_told_apart(stage: Stage) -> None:
    """The cache is keyed on the hash of the whole token."""
    stage.says(Text("hello"))
    token = stage.gateway.user.token
    assert (await ask(stage, [("x-api-key", token)])).status_code == 200
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    for other in (wrong, token + "x", token[:-1]):
        assert (await ask(stage, [("x-api-key", other)])).status_code == 401


async def test_a_role_opens_nothing_here(stage: Stage) -> None:
    """Auditors ask like everyone."""
    stage.says(Text("hello"))
    auditor = await stage.visited_by(role=Role.AUDITOR)
    auditor.says(Text("hello"))
    assert (await ask(stage, [("x-api-key", auditor.gateway.user.token)])).status_code == 200


async def test_nothing_of_the_body_is_read_without_a_valid_token(stage: Stage) -> None:
    """Trap 33: the refusal comes while the body is still to come."""
    fields = {"host": "gateway", "x-api-key": "nobody", "content-length": str(60 * 2**20)}
    async with connect(stage.gateway.port) as client:
        await client.send(head("POST", f"{ROOT}/anthropic/v1/messages", fields))
        answer = await client.answer()
        assert (answer.status, answer.header(b"connection")) == (401, b"close")
