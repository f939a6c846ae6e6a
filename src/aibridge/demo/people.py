"""Who works at Halden Freight, an invented company."""

import msgspec

from aibridge.records import Role


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the demo."""

    username: str
    name: str
    role: Role = Role.MEMBER
    clients: tuple[str, ...] = ()
    """Names of `aibridge.demo.clients.CLIENTS`; empty for people who only look."""
    repos: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        """An address that nobody can receive mail at (RFC 2606)."""
        return f"{self.username}@halden.example"


PEOPLE = (
    Person(
        username="maren",
        name="Maren Solberg",
        role=Role.OWNER,
        clients=("claude-code",),
        repos=("harbor-api", "tide-infra"),
    ),
    Person(username="lena", name="Lena Vogt", role=Role.AUDITOR),
    Person(username="tomas", name="Tomás Herrera", clients=("claude-code", "codex"), repos=("harbor-api",)),
    Person(username="aiko", name="相田 Aiko", clients=("claude-code", "opencode"), repos=("quay-web",)),
    Person(username="idris", name="Idris Bello", clients=("codex",), repos=("tide-infra",)),
    Person(
        username="noor", name="Noor Haddad", clients=("opencode", "claude-code"), repos=("manifest-parser", "quay-web")
    ),
    Person(
        username="piotr", name="Piotr Nowak", clients=("codex", "claude-code"), repos=("manifest-parser", "harbor-api")
    ),
    Person(username="release-bot", name="Release bot", clients=("openai-python", "anthropic-python")),
    Person(username="support-desk", name="Support desk", clients=("openai-python", "anthropic-python")),
)
