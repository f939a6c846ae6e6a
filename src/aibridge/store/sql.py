"""The named queries of `queries/*.sql`, read once when the package is imported."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

import msgspec

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\n", re.MULTILINE)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One statement, with the words that describe it."""

    name: str
    description: str
    sql: str


def _split(text: str) -> Iterator[Query]:
    head, *parts = _NAME.split(text)
    if head.strip():
        raise ValueError(f"a query file opens with `-- name:`, not with {head.strip()[:40]!r}")
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        lines = body.strip().splitlines()
        described = next(i for i, line in enumerate(lines) if not line.startswith("--"))
        description = " ".join(line.removeprefix("--").strip() for line in lines[:described])
        yield Query(name=name, description=description, sql="\n".join(lines[described:]).rstrip(";"))


def load_queries(folder: Traversable) -> Mapping[str, Query]:
    """Every query of the `.sql` files in `folder`, by name. Raises `ValueError` for a name used twice."""
    found: dict[str, Query] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        for query in _split(file.read_text(encoding="utf-8")):
            if query.name in found:
                raise ValueError(f"two queries are named {query.name}")
            found[query.name] = query
    return MappingProxyType(found)


QUERIES = load_queries(files("aibridge.store") / "queries")


def sql(name: str) -> str:
    """The text of the query `name`."""
    return QUERIES[name].sql
