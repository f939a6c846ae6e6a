"""A page's whole state is its link: defaults are left out, a key is repeated for several values."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

Value = str | int | Iterable[str] | None
"""None and what is empty leave the key out; several values repeat it."""


class Links:
    """Makes links from the state of one page to another state of it: `link(offset=50, model=None)`."""

    def __init__(self, path: str, query: QueryParams, *, defaults: Mapping[str, str | int] | None = None) -> None:
        """`defaults`: values that are left out of a link, by their key."""
        self._path = path
        self._items = query.multi_items()
        self._defaults = {key: str(value) for key, value in (defaults or {}).items()}

    def __call__(self, **changes: Value) -> str:
        """The link of this page with these changes."""
        kept = [(key, value) for key, value in self._items if key not in changes]
        items = kept + [(key, text) for key, value in changes.items() for text in _texts(value)]
        return href(self._path, [(key, text) for key, text in items if text and self._defaults.get(key) != text])


def links(request: Request, *, defaults: Mapping[str, str | int] | None = None) -> Links:
    """The links of the page that was asked for."""
    return Links(request.url.path, request.query_params, defaults=defaults)


def href(path: str, items: Iterable[tuple[str, str]] = ()) -> str:
    """A link with these parameters."""
    query = urlencode(list(items))
    return f"{path}?{query}" if query else path


def _texts(value: Value) -> list[str]:
    if value is None:
        return []
    return [str(value)] if isinstance(value, str | int) else list(value)
