"""The named queries of `queries/*.sql`, read once when the package is imported.

`-- fragment: x` opens a part that several queries share; a line `-- include: x` includes its text, in fragments too.
`-- include: x + 8` does as well, with parameters that are counted from $9 on.
"""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

import msgspec

_HEAD = re.compile(r"^-- (name|fragment): ([a-z][a-z0-9_]*)\n", re.MULTILINE)
_INCLUDE = re.compile(r"^-- include: ([a-z][a-z0-9_]*)(?: \+ ([0-9]+))?$", re.MULTILINE)
_PARAMETER = re.compile(r"\$([0-9]+)")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One statement, with the words that describe it."""

    name: str
    description: str
    sql: str


class _Part(msgspec.Struct, frozen=True):
    """A query or a fragment as written in its file."""

    kind: str
    name: str
    description: str
    sql: str


def _split(text: str) -> Iterator[_Part]:
    head, *parts = _HEAD.split(text)
    if head.strip():
        raise ValueError(f"a query file opens with `-- name:`, not with {head.strip()[:40]!r}")
    for kind, name, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        lines = body.strip().splitlines()
        described = next(i for i, line in enumerate(lines) if not line.startswith("--") or _INCLUDE.match(line))
        description = " ".join(line.removeprefix("--").strip() for line in lines[:described])
        yield _Part(kind, name, description, "\n".join(lines[described:]).rstrip().removesuffix(";"))


def load_queries(folder: Traversable) -> Mapping[str, Query]:
    """Every query of the `.sql` files in `folder`, by name.

    Raises `ValueError` for a name used twice and for an unknown fragment.
    """
    parts: dict[str, _Part] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        for part in _split(file.read_text(encoding="utf-8")):
            if part.name in parts:
                raise ValueError(f"two queries are named {part.name}")
            parts[part.name] = part

    def included(match: re.Match[str]) -> str:
        fragment = parts.get(match[1])
        if fragment is None or fragment.kind != "fragment":
            raise ValueError(f"there is no fragment {match[1]}")
        text, by = _INCLUDE.sub(included, fragment.sql), int(match[2] or 0)
        return _PARAMETER.sub(lambda parameter: f"${int(parameter[1]) + by}", text) if by else text

    return MappingProxyType(
        {
            part.name: Query(name=part.name, description=part.description, sql=_INCLUDE.sub(included, part.sql))
            for part in parts.values()
            if part.kind == "name"
        }
    )


QUERIES = load_queries(files("aibridge.store") / "queries")


def sql(name: str) -> str:
    """The text of the query `name`."""
    return QUERIES[name].sql
