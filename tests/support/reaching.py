"""Every question that can be asked of somebody's record and account: each place of each operation, under each root."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

Operation = tuple[str, str]
Values = dict[str, str]

ROOTS = ("/api/v2/aibridge", "/api/v2/ai-gateway", "/api/experimental/aibridge")
MADE_UP: Values = {
    "username": "zox",
    "email": "zox@example.com",
    "user": "01890000-0000-7000-8000-00000000000a",
    "token": "mfrggzdfmztwq2lk",
    "session": "zox-session",
    "interception": "01890000-0000-7000-8000-00000000000b",
    "model": "zox-model",
    "client": "zox-client",
    "provider_name": "zox-provider",
    "tool": "zox-tool",
    "word": "zoxs",
}
OF_THE_RECORD = {
    "initiator": ["username", "user"],
    "provider_name": ["provider_name"],
    "model": ["model"],
    "client": ["client"],
    "session_id": ["session", "interception"],
    "tool": ["tool"],
}
"""Keys of `q` that name something, and what of Zoe's they may name."""
OF_CLOSED_SETS = {
    "provider": "openai",
    "outcome": "failed",
    "error_type": "overloaded",
    "credential_kind": "byok",
    "credential_type": "subscription",
    "started_after": '"2026-06-01T12:00:00Z"',
    "started_before": '"2026-06-01T12:30:00Z"',
}
"""Keys that name nothing of anybody's, with values that only Zoe's rows have, or hers first."""

SEARCHES = [
    *(f'{key}:"{{{kind}}}"' for key, kinds in OF_THE_RECORD.items() for kind in kinds),
    *(f"{key}:{value}" for key, value in OF_CLOSED_SETS.items()),
    "initiator:me initiator:{user}",
    "session_id:shared initiator:{user}",
]
WITH_WORDS = [*SEARCHES, "{word}", '"{word} secret"']
"""The same where texts are searched too."""

PAGE = {"limit": ["1", "1000"], "offset": ["0", "1"]}
TAKES: dict[Operation, dict[str, list[str]]] = {
    ("GET", "/aibridge/interceptions"): {"q": WITH_WORDS, "after_id": ["{interception}"], **PAGE},
    ("GET", "/aibridge/interceptions/{interception_id}"): {"interception_id": ["{interception}"]},
    ("GET", "/aibridge/sessions"): {
        "q": WITH_WORDS,
        "after_session_id": ["{session}", "{interception}"],
        "after_initiator_id": ["{user}"],
        **PAGE,
    },
    ("GET", "/aibridge/search"): {
        "q": [
            *("secret", "zo*", 'secret session_id:"{session}"'),
            *(f"secret {search}" for search in SEARCHES if not search.startswith("session_id")),
        ],
        "after_id": ["{interception}"],
        **PAGE,
    },
    ("GET", "/aibridge/sessions/{session_id}/search"): {
        "session_id": ["{session}", "{interception}"],
        "q": ["zo*", "secret"],
        "initiator": ["{username}", "{user}"],
        "after_id": ["01890000-0000-7000-8000-00000000000c"],
        "limit": ["1", "1000"],
    },
    ("GET", "/aibridge/sessions/{session_id}"): {
        "session_id": ["{session}", "{interception}"],
        "initiator": ["{username}", "{user}"],
        "after_id": ["{interception}"],
        "before_id": ["{interception}"],
        "limit": ["1", "200"],
    },
    ("GET", "/aibridge/usage"): {
        "q": [each for each in SEARCHES if not each.startswith(("session_id", "started"))],
        "from": ["2026-01-01T00:00:00Z"],
        "to": ["2026-06-03T00:00:00Z"],
        "bucket": ["hour", "day", "none"],
        "by": ["user", "model", "client", "provider", "provider_name", "tool"],
        "sort": ["requests", "failures", "tokens", "cost_micros", "tool_calls"],
        "limit": ["1", "1000"],
        "format": ["json", "csv"],
    },
    ("GET", "/aibridge/interceptions/export"): {
        "format": ["jsonl", "csv"],
        "q": SEARCHES,
        "after_id": ["{interception}"],
    },
    ("GET", "/aibridge/sessions/{session_id}/export"): {
        "session_id": ["{session}", "{interception}"],
        "format": ["json", "markdown"],
        "initiator": ["{username}", "{user}"],
    },
    **{
        ("GET", f"/aibridge/{menu}"): {"q": [f"{{{key}}}", f'{key}:"{{{key}}}"', f"{key}:zo", "zo"], **PAGE}
        for menu, key in (("clients", "client"), ("providers", "provider_name"))
    },
    ("GET", "/aibridge/models"): {
        "q": ["{model}", 'model:"{model}"', "model:zo", "zo"],
        "unpriced": ["true", "false"],
        **PAGE,
    },
    ("GET", "/aibridge/prices"): {},
    ("PUT", "/aibridge/prices"): {
        "provider": ["openai"],
        "provider_name": ["{provider_name}"],
        "model": ["{model}"],
        "since": ["2026-01-31T00:00:00Z"],
        "rates": ["free"],
    },
    ("DELETE", "/aibridge/prices"): {
        "provider": ["openai"],
        "provider_name": ["{provider_name}"],
        "model": ["{model}"],
        "since": ["2026-01-31T00:00:00Z"],
    },
    ("GET", "/users"): {"deleted": ["true", "false"], **PAGE},
    ("GET", "/users/me"): {},
    ("GET", "/users/{user}"): {"user": ["{username}", "{user}"]},
    ("POST", "/users"): {
        "username": ["{username}"],
        "name": ["{username}"],
        "email": ["{email}"],
        "avatar_url": ["https://example.com/{username}"],
        "role": ["owner"],
    },
    ("DELETE", "/users/{user}"): {"user": ["{username}", "{user}"]},
    ("PUT", "/users/{user}/password"): {
        "user": ["{username}", "{user}"],
        "password": ["correct horse battery"],
        "current_password": ["correct horse battery"],
    },
    ("GET", "/tokens"): {"user": ["{username}", "{user}"], **PAGE},
    ("POST", "/tokens"): {
        "user": ["{username}", "{user}"],
        "name": ["{username}"],
        "scopes": ["api"],
        "lifetime": ["1h"],
        "expires_at": ["2999-01-01T00:00:00Z"],
    },
    ("GET", "/tokens/{token}"): {"token": ["{token}"]},
    ("DELETE", "/tokens/{token}"): {"token": ["{token}"]},
    ("PATCH", "/users/{user}"): {
        "user": ["{username}", "{user}"],
        "name": ["{username}"],
        "email": ["{email}"],
        "avatar_url": ["https://example.com/{username}"],
        "role": ["owner"],
        "status": ["suspended"],
    },
}
"""What every parameter and field is given; `{}` where something of Zoe's stands. What changes whoever asks is last."""

USUAL: dict[Operation, dict[str, str]] = {
    ("GET", "/aibridge/search"): {"q": "secret"},
    ("GET", "/aibridge/sessions/{session_id}/search"): {"session_id": "shared", "q": "secret"},
    ("GET", "/aibridge/sessions/{session_id}"): {"session_id": "shared"},
    ("GET", "/aibridge/sessions"): {"after_session_id": "shared"},
    ("GET", "/aibridge/sessions/{session_id}/export"): {"session_id": "shared"},
    ("GET", "/aibridge/usage"): {"from": "2026-06-01T00:00:00Z", "to": "2026-06-02T00:00:00Z", "by": "model"},
    ("POST", "/users"): {"username": "somebody-new"},
    ("PATCH", "/users/{user}"): {"user": "me", "name": "New"},
    ("PUT", "/users/{user}/password"): {"user": "{username}", "password": "correct horse battery"},
    ("POST", "/tokens"): {"user": "{username}", "scopes": "api"},
}
"""What stands beside the value in question, so that the request is a whole one."""


PARTS = re.compile(r"{\w+}")


class Question(NamedTuple):
    """One operation with one value in one place, the rest as usual."""

    operation: Operation
    root: str
    place: str
    given: dict[str, str]

    async def ask(self, person: Any, values: Values) -> tuple[int, str]:
        """Status and text, with what was asked for taken out of it."""
        given = {name: text.format(**values) for name, text in self.given.items()}
        method, path = self.operation
        for name in [name for name in given if f"{{{name}}}" in path]:
            path = path.replace(f"{{{name}}}", quote(given.pop(name), safe=""))
        if method in {"GET", "DELETE"}:
            answer = await person.ask(method, self.root + path, params=given)
        else:
            body = {name: [value] if name == "scopes" else value for name, value in given.items()}
            answer = await person.ask(method, self.root + path, body)
        text = re.sub(r'"(updated|exported)_at":"[^"]*"|\*\*Exported:\*\* .*', "", answer.text)
        for part in PARTS.findall("".join(self.given.values())) if method == "GET" else self.given.values():
            text = text.replace(part.format(**values), part.upper())
        return answer.status_code, text


def roots(path: str) -> tuple[tuple[str, str], ...]:
    """Where it stands: the rest of its path, below each of its roots."""
    if path.startswith("/aibridge/"):
        return tuple((root, path.removeprefix("/aibridge")) for root in ROOTS)
    return (("/api/v2", path),)


def questions() -> Iterator[Question]:
    for operation, places in TAKES.items():
        for root, path in roots(operation[1]):
            usual = USUAL.get(operation, {})
            bare = {} if "after_session_id" in places else usual
            if not any(f"{{{place}}}" in path for place in places):
                yield Question((operation[0], path), root, "", bare)
            for place, texts in places.items():
                beside = usual if place == "after_initiator_id" else bare
                for text in texts:
                    yield Question((operation[0], path), root, place, beside | {place: text})
