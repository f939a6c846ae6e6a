"""JSON schemas in a reader's words: `list of Session`, `UUID or null`."""

from collections.abc import Iterator

from aibridge.api.reference.examples import Schema, name_of
from aibridge.api.reference.markup import Markup, element, joined

_WORDS = {
    "uuid": "UUID",
    "date-time": "moment",
    "password": "secret text",
    "string": "text",
    "boolean": "true or false",
}
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "{}+ characters",
    "maxLength": "≤ {} characters",
}


def type_of(schema: Schema) -> Markup:
    """The type, with links to the shapes it names."""
    if "$ref" in schema:
        name = name_of(schema["$ref"])
        return element("a", name, href=f"#{anchor(name)}")
    if "anyOf" in schema:
        return joined(map(type_of, schema["anyOf"]), " or ")
    if "enum" in schema or "const" in schema:
        return values_of(schema)
    kind: str = schema.get("type", "anything")
    if kind == "array":
        return joined(["list of ", type_of(schema["items"])])
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return joined(["object of ", type_of(schema["additionalProperties"])])
    return joined([_WORDS.get(schema.get("format", ""), _WORDS.get(kind, kind))])


def values_of(schema: Schema) -> Markup:
    """The members of a closed set."""
    values = schema["enum"] if "enum" in schema else [schema["const"]]
    return joined((element("code", str(value)) for value in values), ", ")


def bounds_of(schema: Schema) -> Iterator[str]:
    """What a value has to keep to, beyond its type."""
    for alternative in (schema, *schema.get("anyOf", ())):
        for bound, words in _BOUNDS.items():
            if bound in alternative and not _is_told(bound, alternative):
                yield words.format(alternative[bound])


def _is_told(bound: str, schema: Schema) -> bool:
    """A sum that is not negative, and a list's limit for which the server has words, need no more."""
    return bound == "minimum" and schema[bound] == 0


def anchor(name: str) -> str:
    """The anchor of a shape on the page."""
    return f"shape-{name}"
