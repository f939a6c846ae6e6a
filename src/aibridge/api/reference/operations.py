"""One operation as the page shows it: parameters, body, answers, and a line to try it."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aibridge.api.reference.examples import Schema
from aibridge.api.reference.markup import Markup, element, inline, joined, prose
from aibridge.api.reference.types import bounds_of, type_of

Operation = Mapping[str, Any]


def anchor(operation: Operation) -> str:
    """The anchor of an operation on the page."""
    return str(operation["operationId"]).replace("_", "-")


def section(method: str, path: str, operation: Operation) -> Markup:
    """The operation at full length."""
    return element(
        "article",
        element("h3", badge(method), " ", element("code", path), element("a", "#", href=f"#{anchor(operation)}")),
        prose(operation["description"]),
        _parameters(operation.get("parameters", ())),
        _body(operation.get("requestBody")),
        element("h4", "Try it"),
        _block(curl(method, path, operation)),
        element("h4", "Answers"),
        *(_answer(status, answer) for status, answer in sorted(operation["responses"].items())),
        id=anchor(operation),
    )


def badge(method: str) -> Markup:
    """The method, coloured."""
    return element("span", method.upper(), class_=f"method {method}")


def _parameters(parameters: Sequence[Mapping[str, Any]]) -> Markup:
    if not parameters:
        return Markup("")
    return joined([element("h4", "Parameters"), table(("Name", "Type", "What it means"), map(_parameter, parameters))])


def _parameter(parameter: Mapping[str, Any]) -> tuple[Markup, Markup, Markup]:
    schema = parameter["schema"]
    where = "in the path" if parameter["in"] == "path" else "optional"
    name = joined([element("code", parameter["name"]), element("small", where)])
    return name, type_of(schema), meaning(schema)


def meaning(schema: Schema) -> Markup:
    """What a field or parameter means: in words, then its bounds, its default and an example."""
    facts = [
        *bounds_of(schema),
        *(_fact("default", value) for value in [schema.get("default")] if value not in _TELLS_NOTHING),
        *(_fact("such as", value) for value in schema.get("examples", ())[:1] if value not in _TELLS_NOTHING),
    ]
    words = inline(schema.get("description", ""))
    return joined([words, element("small", joined(facts, " · "))]) if facts else words


_TELLS_NOTHING: tuple[object, ...] = (None, "", [], {})


def _fact(what: str, value: object) -> Markup:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return joined([what, " ", element("code", text)])


def _body(body: Mapping[str, Any] | None) -> Markup:
    if body is None:
        return Markup("")
    content = body["content"]["application/json"]
    return joined([element("h4", "Body: ", type_of(content["schema"])), _json(content["example"])])


def curl(method: str, path: str, operation: Operation) -> str:
    """A command that asks this; the address and the token stand in the environment."""
    asked = "" if method == "get" else f"-X {method.upper()} "
    line = [f'curl {asked}-H "Authorization: Bearer $AIBRIDGE_TOKEN"']
    if "requestBody" in operation:
        body = json.dumps(operation["requestBody"]["content"]["application/json"]["example"])
        line.append(f"-H 'Content-Type: application/json' -d {shlex.quote(body)}")
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            example = parameter["schema"].get("examples", ["5f0c0b0e-7c1f-4a9e-9a43-2c8b64f0a3d1"])[0]
            path = path.replace(f"{{{parameter['name']}}}", quote(str(example), safe=""))
        elif parameter["name"] == "q":
            line.append(f"-G --data-urlencode {shlex.quote('q=' + parameter['schema']['examples'][0])}")
    line.append(f'"$AIBRIDGE_URL{path}"')
    return " \\\n  ".join(line)


def _answer(status: str, answer: Mapping[str, Any]) -> Markup:
    contents = list(answer.get("content", {}).values())
    kind = [joined([" ", type_of(content["schema"])]) for content in contents]
    head = [element("span", status, class_="status"), " ", inline(answer["description"]), *kind]
    if not contents:
        return element("p", *head, class_="answer")
    shown = [part for content in contents for part in _examples(content)]
    return element("details", element("summary", *head), *shown)


def _examples(content: Mapping[str, Any]) -> Iterator[Markup]:
    if "example" in content:
        yield _json(content["example"])
    for example in content.get("examples", {}).values():
        yield element("p", element("code", example["summary"]))
        yield _json(example["value"])


def _json(value: Any) -> Markup:
    return _block(json.dumps(value, indent=2, ensure_ascii=False))


def _block(text: str) -> Markup:
    """Anyone can scroll in it, also without a mouse."""
    return element("pre", element("code", text), tabindex="0")


def table(heads: Iterable[str], rows: Iterable[Iterable[Markup]]) -> Markup:
    """A table that scrolls by itself where the window is narrow."""
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    body = [element("tr", *(element("td", cell) for cell in row)) for row in rows]
    return element(
        "div", element("table", element("thead", head), element("tbody", *body)), class_="wide", tabindex="0"
    )


def example_block(value: Any) -> Markup:
    """An example behind a click."""
    return element("details", element("summary", "Example"), _json(value))
