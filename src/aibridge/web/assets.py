"""The files that pages need: kept in memory, compressed once, cached by browsers for ever under a digest of them all.

All stylesheets are served as one, and so are the scripts, htmx among them, so that a page needs three requests and
adding a file changes nothing else. Each script has a scope of its own: it neither imports nor exports.
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import brotli
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, no-cache"
"""Under a digest that is not ours: during a rollout another replica's page asks for it."""

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
_COMPRESSED_ALREADY = frozenset(("woff2",))


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One file, as it may be sent."""

    content_type: str
    encodings: Mapping[str, bytes]
    """By the name of the content coding; `identity` is always there."""


class Assets:
    """All files below `static/`, and `css/app.css` and `js/app.js` made of many."""

    def __init__(self, folder: Traversable | None = None) -> None:
        found = dict(_read(folder or files("aibridge.web") / "static"))
        found["css/app.css"] = b"\n".join(_stylesheets(found))
        found["js/app.js"] = b"\n".join(_scripts(found))
        self._assets = {path: _asset(path, content) for path, content in found.items() if _type(path) in _TYPES}
        self.digest = _digest(found)

    def url(self, path: str) -> str:
        """Where a browser finds the file. Raises `KeyError` for one that is not there."""
        if path not in self._assets:
            raise KeyError(path)
        return f"/static/{self.digest}/{path}"

    async def answer(self, request: Request) -> Response:
        """The endpoint of `/static/{digest}/{path:path}`."""
        asset = self._assets.get(request.path_params["path"])
        if asset is None:
            raise HTTPException(404)
        accepted = request.headers.get("accept-encoding", "")
        encoding = next((name for name in asset.encodings if name in accepted), "identity")
        headers = {
            "cache-control": FOREVER if request.path_params["digest"] == self.digest else BRIEFLY,
            "vary": "Accept-Encoding",
        }
        if encoding != "identity":
            headers["content-encoding"] = encoding
        return Response(asset.encodings[encoding], media_type=asset.content_type, headers=headers)


def _read(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()


def _stylesheets(found: Mapping[str, bytes]) -> Iterator[bytes]:
    """The tokens first: they say in which order the layers count."""
    yield found["css/tokens.css"]
    for path in sorted(found):
        if _is_in(path, "css") and path != "css/tokens.css":
            yield found[path]


def _scripts(found: Mapping[str, bytes]) -> Iterator[bytes]:
    """Those of others first: ours use them."""
    yield from (found[path] for path in sorted(found) if path.startswith("vendor/") and path.endswith(".js"))
    yield from (b"{\n%b}\n" % found[path] for path in sorted(found) if _is_in(path, "js"))


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/") and path.endswith(f".{folder}")


def _type(path: str) -> str:
    return path.rpartition(".")[2]


def _asset(path: str, content: bytes) -> Asset:
    encodings = {}
    if _type(path) not in _COMPRESSED_ALREADY:
        encodings = {"br": brotli.compress(content), "gzip": gzip.compress(content, mtime=0)}
    return Asset(content_type=_TYPES[_type(path)], encodings={**encodings, "identity": content})


def _digest(found: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for path in sorted(found):
        total.update(path.encode() + b"\0" + hashlib.sha256(found[path]).digest())
    return total.hexdigest()[:12]
