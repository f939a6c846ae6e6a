"""The description of the API, and its page: complete, true, and without anything to run."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import TypeAdapter

from aibridge.api.account_bodies import Body
from aibridge.api.reference.examples import example_of
from aibridge.api.reference.markup import Markup, element, inline, prose
from aibridge.api.shapes import Shape
from aibridge.records import Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import begun

Join = Callable[..., Awaitable[Any]]


@pytest.fixture
async def description(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def docs(api: httpx.AsyncClient) -> httpx.Response:
    answer = await api.get("/docs")
    assert answer.status_code == 200
    return answer


def operations(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


# ------------------------------------------------------------------ OpenAPI


async def test_each_resource_is_described_once(description: dict[str, Any]) -> None:
    """Under one of its roots, with what may go wrong and the token it needs."""
    paths = description["paths"]
    assert {"/aibridge/interceptions", "/aibridge/sessions/{session_id}", "/aibridge/models", "/users/me"} <= set(paths)
    assert not any("ai-gateway" in path or "experimental" in path for path in paths)
    for _, _, operation in operations(description):
        assert {"400", "401", "403", "503", "default"} <= set(operation["responses"])
        assert "422" not in operation["responses"]
        assert operation["security"]


async def test_everything_is_described_in_words(description: dict[str, Any]) -> None:
    """Operations, parameters, answers, shapes and tags; operation ids are there once."""
    tags = {tag["name"] for tag in description["tags"] if tag["description"]}
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(ids) == len(set(ids))
    for _, path, operation in operations(description):
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= tags
        for parameter in operation.get("parameters", []):
            assert parameter["schema"].get("description") or parameter["in"] == "path", (path, parameter["name"])
        assert all(answer["description"] for answer in operation["responses"].values())
    for name, shape in description["components"]["schemas"].items():
        assert shape["description"], name


async def test_every_answer_has_an_example(description: dict[str, Any]) -> None:
    """So has every body."""
    for method, path, operation in operations(description):
        contents = [
            content
            for answer in [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in answer.get("content", {}).values()
        ]
        assert all("example" in content or content["examples"] for content in contents), (method, path)


async def test_the_examples_of_shapes_are_of_that_shape(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    shapes = {shape.__name__: shape for shape in [*_below(Shape), *_below(Body)]}
    known = [name for name in schemas if name in shapes]
    assert {"Interception", "SessionDetail", "Thread", "Problem", "User", "NewToken"} <= set(known)
    for name in known:
        (example,) = schemas[name]["examples"]
        TypeAdapter(shapes[name]).validate_python(example, extra="forbid")


def _below(shape: type[Any]) -> Iterator[type[Any]]:
    for below in shape.__subclasses__():
        yield below
        yield from _below(below)


async def test_refusals_are_really_given(join: Join, store: Store, description: dict[str, Any]) -> None:
    """Each example of a 400 begins with what to ask; asked, the server answers just that."""
    dana, olga = await join("dana", Role.MEMBER), await join("olga", Role.OWNER)
    await carried(store, begun(dana.id, client_session_id="here"))
    asked = 0
    for method, path, operation in operations(description):
        examples = operation["responses"]["400"]["content"]["application/json"].get("examples", {})
        for question, example in examples.items():
            start, _, value = path.partition("{")
            here = f"{start}here{value.partition('}')[2]}"
            place = (start.rstrip("/") if question.startswith("/") else here) if value else path
            if question.startswith("{"):
                answer = await olga.ask(method, place, json.loads(question))
            else:
                person = dana if method == "get" else olga  # members ask, and owners change
                answer = await person.ask(method, f"{place}{quote(question, safe='/?&=:')}")
            assert (answer.status_code, answer.json()) == (400, example["value"]), (path, question)
            asked += 1
    assert asked > 25


async def test_where_it_is_mounted(description: dict[str, Any]) -> None:
    """Here at the root; the whole program says `/api/v2`."""
    assert description["servers"] == [{"url": "/"}]


def test_examples_are_made_of_what_stands_in_a_schema() -> None:
    shapes = {"Leaf": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    assert example_of({"type": "array", "items": {"$ref": "#/components/schemas/Leaf"}}, shapes) == [{"n": 0}]
    assert example_of({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, shapes).endswith("Z")
    assert example_of({"anyOf": [{"type": "string"}], "examples": [None]}, shapes) is None
    assert example_of({"enum": ["a", "b"]}, shapes) == "a"
    assert example_of({"const": 7}, shapes) == 7


# ------------------------------------------------------------------ the page


class Seen(HTMLParser):
    """What stands on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.style = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data


async def test_the_page_runs_and_loads_nothing(docs: httpx.Response) -> None:
    """A strict policy that the page itself keeps: its own style, by hash, and nothing else."""
    seen = Seen(docs.text)
    digest = b64encode(hashlib.sha256(seen.style.encode()).digest()).decode()
    policy = docs.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert docs.headers["x-content-type-options"] == "nosniff"
    assert docs.headers["content-type"] == "text/html; charset=utf-8"
    assert not seen.tags & {"script", "img", "link", "iframe", "form", "object"}
    assert not {name for name in seen.attributes if name.startswith("on")} | (seen.attributes & {"src", "style"})
    assert all(link.startswith(("#", "/api/v2/")) for link in seen.links)
    assert not any(word in seen.style for word in ("@import", "url("))


async def test_the_page_tells_everything(docs: httpx.Response, description: dict[str, Any]) -> None:
    """Every operation with its parameters, answers and a line to try it, every shape with its fields; no dead link."""
    seen = Seen(docs.text)
    for _, path, operation in operations(description):
        assert f"/api/v2{path}" in seen.text
        assert operation["description"].split("\n\n")[0].replace("`", "") in seen.text
        for parameter in operation.get("parameters", []):
            assert parameter["name"] in seen.text
    for name, shape in description["components"]["schemas"].items():
        assert f"shape-{name}" in seen.ids
        assert all(field in seen.text for field in shape.get("properties", {}))
    assert seen.text.count("curl -") == len(list(operations(description)))
    assert len(seen.ids) == len(set(seen.ids))
    assert {link[1:] for link in seen.links if link.startswith("#")} <= set(seen.ids)


async def test_neither_needs_a_token_and_both_answer_head(api: httpx.AsyncClient) -> None:
    for path in ("/openapi.json", "/docs"):
        got, asked = await api.get(path), await api.head(path)
        assert (got.status_code, asked.status_code) == (200, 200)
        assert asked.headers["content-length"] == got.headers["content-length"]
        assert asked.content == b""


def test_text_is_never_markup() -> None:
    assert element("p", "<b>", class_='"x"') == '<p class="&quot;x&quot;">&lt;b&gt;</p>'
    assert element("nav", aria_label="Shapes") == '<nav aria-label="Shapes"></nav>'
    assert element("p", Markup("<b>")) == "<p><b></p>"
    assert inline("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert prose("one\n\ntwo\n\n") == "<p>one</p><p>two</p>"
