"""Turns the context of a page into HTML. A name that is missing is an error, and all that is not Markup is escaped."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from aibridge.web.assets import Assets
from aibridge.web.cookies import theme_of
from aibridge.web.formats import FILTERS
from aibridge.web.navigation import Navigation
from aibridge.web.shapes import use

VARY = "HX-Request, Cookie"
_SHAPE = re.compile(r"<(path|rect|circle|line|polyline|polygon|ellipse)[^>]*/>")


class Pages:
    """The templates, ready to be filled."""

    def __init__(self, assets: Assets, navigation: Navigation) -> None:
        self._environment = Environment(
            loader=PackageLoader("aibridge.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(FILTERS)
        self._environment.globals.update(icons=load_icons(), asset=assets.url, use=use)
        self._navigation = navigation

    def add_filters(self, filters: Mapping[str, Callable[..., Any]]) -> None:
        """Give the templates what one page brings of its own."""
        self._environment.filters.update(filters)

    def render(self, request: Request, template: str, context: Any) -> str:
        """The HTML. Beside the fields of the context, a template knows who looks at it, where, when, in which theme."""
        viewer = getattr(request.state, "viewer", None)
        return self._environment.get_template(template).render(
            **_fields(context),
            viewer=viewer,
            form_token=viewer.form_token() if viewer else "",
            path=request.url.path,
            theme=theme_of(request),
            navigation=self._navigation.of(viewer, request.url.path),
            now=datetime.now(UTC),
        )


def page(request: Request, template: str, context: Any, part: str | None = None, *, status: int = 200) -> HTMLResponse:
    """Answer with a page, or with `part` of it, a template too, when htmx asks.

    `context`: a frozen struct or dataclass, one for each page; its fields are the names of the template.
    """
    pages: Pages = request.app.state.pages
    name = part if part and "hx-request" in request.headers else template
    return HTMLResponse(pages.render(request, name, context), status, headers={"vary": VARY})


def load_icons() -> Mapping[str, Markup]:
    """The inside of each Lucide icon, by its name."""
    return {
        file.name.removesuffix(".svg"): Markup("".join(_shapes(file.read_text(encoding="utf-8"))))  # noqa: S704 - ours
        for file in (files("aibridge.web") / "icons").iterdir()
        if file.name.endswith(".svg")
    }


def _shapes(svg: str) -> Iterator[str]:
    return (match[0] for match in _SHAPE.finditer(svg))


def _fields(context: Any) -> dict[str, Any]:
    if isinstance(context, msgspec.Struct):
        return {name: getattr(context, name) for name in context.__struct_fields__}
    return {field.name: getattr(context, field.name) for field in dataclasses.fields(context)}
