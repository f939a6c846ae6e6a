"""Who may do what with accounts: every endpoint as every role, over real HTTP.

`{bob}` is somebody else, a member; `{bob_token}` his token. Each case has a caller and a bob of its own, so that one
deed is not in the way of the next.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from aibridge.records import Role

Join = Callable[..., Awaitable[Any]]

NOBODY = UUID(int=7)
NEW = {"username": "zoe"}
TOKEN = {"scopes": ["gateway"]}
PASSWORD = {"password": "correct horse battery"}

# method, path, body: the status for an owner, an auditor, a member
RIGHTS: list[tuple[str, str, Any, tuple[int, int, int]]] = [
    ("GET", "/users", None, (200, 200, 200)),
    ("GET", "/users?deleted=true", None, (200, 200, 200)),
    ("GET", "/users/me", None, (200, 200, 200)),
    ("GET", "/users/{me}", None, (200, 200, 200)),
    ("GET", "/users/{me_id}", None, (200, 200, 200)),
    ("GET", "/users/{bob}", None, (200, 200, 404)),
    ("GET", "/users/{bob_id}", None, (200, 200, 404)),
    ("GET", "/users/nobody", None, (404, 404, 404)),
    ("GET", f"/users/{NOBODY}", None, (404, 404, 404)),
    ("GET", "/users/No%00body", None, (404, 404, 404)),
    ("POST", "/users", NEW, (201, 403, 403)),
    ("POST", "/users", {}, (400, 403, 403)),
    ("PATCH", "/users/me", {"name": "New"}, (200, 200, 200)),
    ("PATCH", "/users/me", {"email": "new@example.com"}, (200, 200, 200)),
    ("PATCH", "/users/me", {"avatar_url": "https://example.com/a.png"}, (200, 200, 200)),
    ("PATCH", "/users/me", {}, (200, 200, 200)),
    ("PATCH", "/users/me", {"role": "{another_role}"}, (403, 403, 403)),
    ("PATCH", "/users/me", {"role": "{own_role}"}, (200, 403, 403)),
    ("PATCH", "/users/me", {"status": "active"}, (200, 403, 403)),
    ("PATCH", "/users/me", {"status": "suspended"}, (200, 403, 403)),
    ("PATCH", "/users/me", {"name": "New", "role": "owner", "status": "active"}, (200, 403, 403)),
    ("PATCH", "/users/{bob}", {"name": "New"}, (200, 403, 404)),
    ("PATCH", "/users/{bob_id}", {"role": "auditor"}, (200, 403, 404)),
    ("PATCH", "/users/{bob}", {"status": "suspended"}, (200, 403, 404)),
    ("PATCH", "/users/{bob}", {"nickname": "Bobby"}, (400, 400, 404)),
    ("PATCH", "/users/nobody", {"name": "New"}, (404, 404, 404)),
    ("DELETE", "/users/me", None, (204, 403, 403)),
    ("DELETE", "/users/{bob}", None, (204, 403, 404)),
    ("DELETE", "/users/{bob_id}", None, (204, 403, 404)),
    ("DELETE", "/users/nobody", None, (404, 404, 404)),
    ("PUT", "/users/me/password", PASSWORD, (204, 204, 204)),
    ("PUT", "/users/{bob}/password", PASSWORD, (204, 403, 404)),
    ("PUT", "/users/nobody/password", PASSWORD, (404, 404, 404)),
    ("GET", "/tokens", None, (200, 200, 200)),
    ("GET", "/tokens?user=me", None, (200, 200, 200)),
    ("GET", "/tokens?user={me_id}", None, (200, 200, 200)),
    ("GET", "/tokens?user={bob}", None, (200, 403, 404)),
    ("GET", "/tokens?user=nobody", None, (404, 404, 404)),
    ("POST", "/tokens", TOKEN, (201, 201, 201)),
    ("POST", "/tokens", {**TOKEN, "user": "{me}"}, (201, 201, 201)),
    ("POST", "/tokens", {**TOKEN, "user": "{bob}"}, (201, 403, 404)),
    ("POST", "/tokens", {**TOKEN, "user": "nobody"}, (404, 404, 404)),
    ("GET", "/tokens/{my_token}", None, (200, 200, 200)),
    ("GET", "/tokens/{bob_token}", None, (200, 404, 404)),
    ("GET", "/tokens/nothing", None, (404, 404, 404)),
    ("GET", "/tokens/a%00b", None, (404, 404, 404)),
    ("DELETE", "/tokens/{my_token}", None, (204, 204, 204)),
    ("DELETE", "/tokens/{bob_token}", None, (204, 404, 404)),
    ("DELETE", "/tokens/nothing", None, (404, 404, 404)),
]
ANOTHER = {Role.OWNER: Role.AUDITOR, Role.AUDITOR: Role.OWNER, Role.MEMBER: Role.OWNER}


COLUMN = {Role.OWNER: 0, Role.AUDITOR: 1, Role.MEMBER: 2}


@pytest.mark.parametrize("role", Role)
async def test_every_endpoint_as_every_role(join: Join, role: Role) -> None:
    await join("one-more-owner", Role.OWNER)
    statuses, expected = {}, {}
    for number, (method, path, body, rights) in enumerate(RIGHTS):
        me, bob = await join(f"me-{number}", role), await join(f"bob-{number}")
        names = {
            "me": me.user.username,
            "me_id": me.id,
            "my_token": me.token_id,
            "own_role": role,
            "bob": bob.user.username,
            "bob_id": bob.id,
            "bob_token": bob.token_id,
            "another_role": ANOTHER[role],
        }
        filled = {
            key: value.format(**names) if isinstance(value, str) else value for key, value in (body or {}).items()
        }
        answer = await me.ask(method, path.format(**names), None if body is None else filled)
        case = f"{method} {path} {body}"
        statuses[case], expected[case] = answer.status_code, rights[COLUMN[role]]
        assert answer.status_code < 400 or answer.json()["message"]
    assert statuses == expected


async def test_what_may_not_be_seen_looks_as_if_it_were_not_there(join: Join) -> None:
    """The same bytes for somebody else and for nobody; deeds, too."""
    dana, bob = await join("dana"), await join("bob")
    for method, there, nowhere, body in (
        ("GET", "/users/bob", "/users/nobody", None),
        ("PATCH", f"/users/{bob.id}", f"/users/{NOBODY}", {"name": "x"}),
        ("PUT", "/users/bob/password", "/users/nobody/password", PASSWORD),
        ("GET", "/tokens?user=bob", "/tokens?user=nobody", None),
        ("GET", f"/tokens/{bob.token_id}", "/tokens/mfrggzdfmztwq2lk", None),
        ("DELETE", f"/tokens/{bob.token_id}", "/tokens/mfrggzdfmztwq2lk", None),
    ):
        seen, unseen = await dana.ask(method, there, body), await dana.ask(method, nowhere, body)
        assert (seen.status_code, seen.content) == (unseen.status_code, unseen.content) == (404, unseen.content)
    assert (await bob.get("/users/me")).status_code == 200


EVERY_ENDPOINT = [
    *(("GET", path) for path in ("/users", "/users/me", "/users/dana", "/tokens", "/tokens/abc")),
    *(("POST", "/users"), ("POST", "/tokens"), ("PATCH", "/users/me"), ("PUT", "/users/me/password")),
    *(("DELETE", "/users/me"), ("DELETE", "/tokens/abc")),
]


@pytest.mark.parametrize(("method", "path"), EVERY_ENDPOINT)
async def test_a_stranger_is_refused_before_anything_is_read(api: httpx.AsyncClient, method: str, path: str) -> None:
    """401 also for a body that is no JSON, or too large to be read."""
    for body in (b"", b"{", b"x" * 100_000):
        answer = await api.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/users", "/users/me", "/tokens"])
async def test_a_member_finds_only_themselves(join: Join, path: str) -> None:
    await join("olga", Role.OWNER)
    dana = await join("dana")
    text = (await dana.get(path)).text
    assert "dana" in text
    assert "olga" not in text
