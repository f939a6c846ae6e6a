"""The pages of this repository cannot lie: what they name exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from aibridge.cli.main import app
from aibridge.config.table import CONFIG, PATTERN, PREFIX, PROVIDER_SETTINGS, SETTINGS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "aibridge"
PAGES = sorted(
    (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCE.rglob("*.md"), *(ROOT / "scripts").rglob("*.md"))
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
ARCHITECTURE = ROOT / "docs" / "architecture.md"

FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
SETTING = re.compile(rf"{PREFIX}[A-Z0-9_<>]*[A-Z>]")
FILE = re.compile(r"(?:\w+/)*\w+\.(?:py|sql)")
ROW = re.compile(rf"^\| `({PREFIX}[^`]+)` \| (.+?) \|", re.MULTILINE)

Commands = dict[tuple[str, ...], set[str]]
"""The options of each command by its words."""


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=named)


def code(page: Path) -> Iterator[str]:
    """Yield the lines of a page that are code: fenced ones and spans."""
    text = page.read_text()
    for block in FENCE.findall(text):
        yield from block.splitlines()
    yield from SPAN.findall(FENCE.sub("", text))


def links(page: Path) -> list[tuple[str, str]]:
    """Text and target of the links into this repository."""
    found = LINK.findall(FENCE.sub("", page.read_text()))
    return [(text, target) for text, target in found if "://" not in target]


def is_test(text: str, target: str) -> bool:
    """Whether a link names a test: its text is the name in words. Other links show a path."""
    return "/test_" in target and "/" not in text


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as code hosts make them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(page.read_text())}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    """Files, folders and headings."""
    for _, target in links(page):
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not heading or heading in anchors(there), target


@every_page
def test_every_make_target_exists(page: Path) -> None:
    """Whatever stands behind `make` on a line of code."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code(page):
        for target in re.findall(r"^(?:\w+=\S+ )*make ([a-z-]+)", line.strip()):
            assert target in targets, line


@every_page
def test_every_setting_exists(page: Path) -> None:
    """Also in prose: a reader copies it, and an unknown name stops the start."""
    known = {CONFIG, *(PREFIX + each.name for each in SETTINGS)}
    of_provider = "|".join(each.name for each in PROVIDER_SETTINGS)
    for name in SETTING.findall(page.read_text()):
        numbered = re.fullmatch(rf"{PREFIX}PROVIDER_(\d+|<N>)_({of_provider})", name)
        free = name.startswith((f"{PREFIX}TEST_", f"{PREFIX}{PATTERN}_"))
        assert name in known or numbered or free, name


@pytest.fixture(scope="module")
def commands() -> Commands:
    """All there are."""
    found: Commands = {}

    def walk(command: object, words: tuple[str, ...]) -> None:
        found[words] = {name for each in getattr(command, "params", ()) for name in each.opts}
        for name, below in getattr(command, "commands", {}).items():
            walk(below, (*words, name))

    walk(typer.main.get_command(app), ())
    return found


@every_page
def test_every_command_exists(page: Path, commands: Commands) -> None:
    """With the options that are shown."""
    for line in code(page):
        for call in re.findall(r"(?:^|\$\(|/)aibridge ((?:[a-z]|--).*)", line.strip()):
            before = re.split(r"[)|>#]", call)[0].split()
            words = next(
                (tuple(before[:count]) for count in (2, 1) if tuple(before[:count]) in commands), ("no such command",)
            )
            assert words in commands, line
            assert {word for word in before if word.startswith("--")} <= commands[words] | {"--help"}, line


@every_page
def test_every_file_exists(page: Path) -> None:
    """Of the package, seen from the repository, from the package or from anywhere below it."""
    for line in SPAN.findall(FENCE.sub("", page.read_text())):
        if FILE.fullmatch(line):
            places = (ROOT / line, SOURCE / line, page.parent / line)
            assert any(place.is_file() for place in places) or list(SOURCE.rglob(line)), line


@every_page
def test_every_test_that_is_named_exists(page: Path) -> None:
    """In the file that the link leads to; so the table of failures names tests that run."""
    for text, target in links(page):
        if is_test(text, target):
            function = rf"^(?:async )?def test_{text.replace(' ', '_')}\("
            assert re.search(function, (page.parent / target).read_text(), re.MULTILINE), text


def test_every_way_it_can_end_is_shown_by_a_test() -> None:
    """Each row of the tables names at least one."""
    tables = ARCHITECTURE.read_text().partition("## Every way it can end")[2].partition("\n## The record\n")[0]
    rows = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith("| what happens")]
    assert len(rows) > 25
    assert [row for row in rows if not any(is_test(*link) for link in LINK.findall(row))] == []


def test_the_settings_of_the_readme_have_the_defaults_of_the_reference() -> None:
    """The reference is made from the code."""
    reference = dict(ROW.findall((ROOT / "docs" / "settings.md").read_text()))
    shown = dict(ROW.findall((ROOT / "README.md").read_text()))
    assert len(shown) > 5
    assert shown == {name: reference[name] for name in shown}


def test_decisions_are_numbered_listed_and_of_one_form() -> None:
    """Context, decision, consequences."""
    index = [target for _, target in links(ROOT / "docs" / "adr" / "README.md")]
    assert index == [page.name for page in DECISIONS]
    for number, page in enumerate(DECISIONS, start=1):
        text = page.read_text()
        assert page.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        assert HEADING.findall(text)[1:] == ["Context", "Decision", "Consequences"]
