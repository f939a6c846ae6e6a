"""The whole description on one page: no script, no request beyond the page itself."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from aibridge.api.reference.markup import Markup, element, joined, prose
from aibridge.api.reference.operations import Operation, badge, example_block, meaning, section, table
from aibridge.api.reference.operations import anchor as operation_anchor
from aibridge.api.reference.types import anchor, type_of, values_of

Described = tuple[str, str, Operation]
"""Method, path, operation."""

_STYLE = files("aibridge.api.reference").joinpath("style.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing may be loaded and nothing run: all there is, is the page and its own style."""


def page(description: Mapping[str, Any], *, root: str) -> str:
    """The page of this description; `root`: where its paths begin."""
    info = description["info"]
    head = element(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", f"{info['title']} API"),
        element("style", Markup(_STYLE)),
    )
    main = element(
        "main",
        element("h1", f"{info['title']} API ", element("small", info["version"])),
        prose(info["description"]),
        element("p", "For programs: ", element("a", f"{root}/openapi.json", href=f"{root}/openapi.json")),
        *(_group(tag, description, root) for tag in description["tags"]),
        element("h2", "Shapes", id="shapes"),
        *(_shape(name, shape) for name, shape in sorted(description["components"]["schemas"].items())),
        id="main",
    )
    skip = element("a", "To the text", href="#main", class_="skip")
    return f"<!doctype html>\n{element('html', head, element('body', skip, _menu(description), main), lang='en')}\n"


def _of_tag(tag: str, description: Mapping[str, Any]) -> Iterator[Described]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield method, path, operation


def _menu(description: Mapping[str, Any]) -> Markup:
    groups = [
        joined([element("h2", tag["name"]), element("ul", *map(_entry, _of_tag(tag["name"], description)))])
        for tag in description["tags"]
    ]
    shapes = element("p", element("a", "Shapes", href="#shapes"))
    return element("nav", *groups, shapes, aria_label="Operations")


def _entry(described: Described) -> Markup:
    method, _path, operation = described
    return element("li", element("a", badge(method), " ", operation["summary"], href=f"#{operation_anchor(operation)}"))


def _group(tag: Mapping[str, str], description: Mapping[str, Any], root: str) -> Markup:
    shown = [section(method, root + path, operation) for method, path, operation in _of_tag(tag["name"], description)]
    return element("section", element("h2", tag["name"]), prose(tag["description"]), *shown)


def _shape(name: str, shape: Mapping[str, Any]) -> Markup:
    head = [element("h3", name), prose(shape.get("description", ""))]
    if "properties" not in shape:
        return element("article", *head, element("p", "One of ", values_of(shape)), id=anchor(name))
    rows = ((element("code", field), type_of(schema), meaning(schema)) for field, schema in shape["properties"].items())
    fields = table(("Field", "Type", "What it means"), rows)
    return element("article", *head, fields, *map(example_block, shape["examples"][:1]), id=anchor(name))
