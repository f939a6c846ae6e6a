"""An example of each shape, made from the examples of its fields."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_BY_FORMAT = {
    "uuid": "5f0c0b0e-7c1f-4a9e-9a43-2c8b64f0a3d1",
    "date-time": "2026-01-02T03:04:05.678900Z",
    "password": "correct horse battery staple",
}
_ALONE = ("const", "default")
_BY_TYPE: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "null": None}


def example_of(schema: Schema, shapes: Mapping[str, Schema]) -> Any:
    """An example of a JSON schema; `shapes`: what its references name."""
    given = [*schema.get("examples", ()), *schema.get("enum", ()), *(schema[key] for key in _ALONE if key in schema)]
    if given:
        return given[0]
    if "$ref" in schema:
        return example_of(shapes[name_of(schema["$ref"])], shapes)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], shapes)
    if schema.get("type") == "array":
        return [example_of(schema["items"], shapes)]
    if schema.get("type") == "object":
        return {name: example_of(field, shapes) for name, field in schema.get("properties", {}).items()}
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE.get(schema.get("type", "")))


def name_of(reference: str) -> str:
    """The name of the shape that is meant by `#/components/schemas/Name`."""
    return reference.rpartition("/")[2]
