"""Fonts, icons, styles and scripts: what is served, how, and that it is what its makers published."""

import hashlib
import json
import re
from importlib.resources import files

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from aibridge.web.assets import BRIEFLY, FOREVER, Assets
from aibridge.web.render import load_icons

WEB = files("aibridge.web")
VENDORED = json.loads((WEB / "VENDORED.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets()


@pytest.fixture
def client(assets: Assets) -> TestClient:
    return TestClient(Starlette(routes=[Route("/static/{digest}/{path:path}", assets.answer)]))


@pytest.mark.parametrize("work", VENDORED, ids=lambda work: work["name"])
def test_others_work_is_unchanged_and_comes_with_its_licence(work: dict[str, dict[str, str]]) -> None:
    for path, sha256 in work["files"].items():
        assert hashlib.sha256((WEB / path).read_bytes()).hexdigest() == sha256, path
    assert any(path.endswith("LICENSE") for path in work["files"])
    assert work["version"]


def test_nothing_of_others_is_missing_from_the_list() -> None:
    listed = {path for work in VENDORED for path in work["files"]}
    found = {
        f"{folder}/{file.name}"
        for folder in ("icons", "static/fonts", "static/vendor")
        for file in (WEB / folder).iterdir()
    }
    assert listed == found


def test_files_are_kept_for_ever_under_the_digest_of_them_all(assets: Assets, client: TestClient) -> None:
    """A page of another version, during a rollout, gets what there is, but keeps it from nobody."""
    mine = client.get(assets.url("css/app.css"))
    assert (mine.status_code, mine.headers["cache-control"]) == (200, FOREVER)
    other = client.get("/static/0123456789ab/css/app.css")
    assert (other.status_code, other.headers["cache-control"]) == (200, BRIEFLY)
    assert other.text == mine.text


def test_compression_is_the_browsers_choice(assets: Assets, client: TestClient) -> None:
    sizes = {}
    for accepted in ("br", "gzip", "identity"):
        answer = client.get(assets.url("css/app.css"), headers={"accept-encoding": accepted})
        assert answer.headers.get("content-encoding", "identity") == accepted
        assert answer.headers["vary"] == "Accept-Encoding"
        sizes[accepted] = int(answer.headers["content-length"])
    assert sizes["br"] < sizes["gzip"] < sizes["identity"]


@pytest.mark.parametrize("path", ["../VENDORED.json", "..%2fVENDORED.json", "nothing.css", "fonts/inter.LICENSE", ""])
def test_nothing_else_is_served(assets: Assets, client: TestClient, path: str) -> None:
    assert client.get(f"/static/{assets.digest}/{path}").status_code == 404


def test_styles_name_only_files_that_are_there(assets: Assets, client: TestClient) -> None:
    text = client.get(assets.url("css/app.css")).text
    for path in re.findall(r'url\("\.\./([^"]+)"\)', text):
        assert client.get(assets.url(path)).status_code == 200
    assert "http" not in text
    assert text.index("@layer base, shell, parts, pages;") < text.index("@layer parts {")


def test_scripts_neither_import_nor_export() -> None:
    """They are served as one file, behind htmx, each in a block of its own."""
    for file in (WEB / "static/js").iterdir():
        assert not re.search(r"^\s*(import|export)\b", file.read_text(encoding="utf-8"), re.MULTILINE), file.name


def test_an_unknown_file_is_an_error_when_the_page_is_made(assets: Assets) -> None:
    with pytest.raises(KeyError):
        assets.url("css/nothing.css")


def test_icons_are_shapes_only() -> None:
    for name, shape in load_icons().items():
        assert re.fullmatch(r'(<[a-z]+( [a-z0-9-]+="[^"<>]*")+\s*/>)+', shape), name
