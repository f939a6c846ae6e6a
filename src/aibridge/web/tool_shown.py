"""Tool calls as a person reads them: which tool, its main argument on one line, and all of it as what it is.

Agents name their tools freely. What Claude Code, Codex and OpenCode call theirs is known here; any other is shown by
its arguments alone.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

MAIN_ARGUMENTS = (
    *("command", "cmd", "file_path", "filePath", "path", "pattern", "url", "query", "description", "prompt"),
    *("message", "issueKey", "name", "title", "id"),
)
"""The first of these that a call has tells most about it."""

LONGEST_LINE = 240
"""Characters of a main argument."""

MOST_LINES = 1500
"""Of two texts that are compared; longer ones are shown one after the other."""

_ICONS = {
    **dict.fromkeys(("bash", "shell", "local_shell", "exec_command", "container.exec", "write_stdin"), "terminal"),
    **dict.fromkeys(("read", "view", "cat", "notebookread", "view_image"), "file-text"),
    **dict.fromkeys(("edit", "multiedit", "apply_patch", "patch", "notebookedit"), "file-pen"),
    **dict.fromkeys(("write", "create"), "file-plus-corner"),
    **dict.fromkeys(("grep", "glob", "list", "ls", "search"), "text-search"),
    **dict.fromkeys(("webfetch", "websearch", "web_search", "web_search_call", "fetch"), "globe"),
    **dict.fromkeys(("todowrite", "todoread", "update_plan"), "list-todo"),
    **dict.fromkeys(("task", "agent", "spawn_agent"), "bot"),
}


class Line(msgspec.Struct, frozen=True):
    """A line of a change."""

    kind: Literal[" ", "-", "+", "@"]
    """As it was, removed, added, or a heading within a patch."""
    text: str


class Command(msgspec.Struct, frozen=True):
    """Something to run in a shell."""

    text: str
    kind: str = "command"


class Change(msgspec.Struct, frozen=True):
    """A change to a file."""

    path: str
    lines: Sequence[Line]
    kind: str = "change"


class Arguments(msgspec.Struct, frozen=True):
    """Any JSON."""

    value: object
    kind: str = "arguments"


class Words(msgspec.Struct, frozen=True):
    """Anything else that a model gave to a tool."""

    text: str
    kind: str = "words"


Shown = Command | Change | Arguments | Words


def tool_name(name: str) -> tuple[str, str]:
    """The MCP server (empty: none) and the tool's own name, of `mcp__server__tool`."""
    prefix, _, rest = name.partition("__")
    server, _, tool = rest.partition("__")
    return (server, tool) if prefix == "mcp" and server and tool else ("", name)


def tool_icon(name: str) -> str:
    """The icon that stands for a tool."""
    return _ICONS.get(name.casefold(), "plug" if name.startswith("mcp__") else "wrench")


def main_argument(tool: str, input_: str) -> str:
    """What a call is about, on one line. `input_` may be only the beginning of the arguments."""
    arguments = _object(input_)
    if arguments is not None:
        return _line(_main(tool, arguments))
    return _line(_first_told(input_) or input_)


def shown(tool: str, input_: str) -> Shown:
    """All of a call, as what it is."""
    arguments = _object(input_)
    if arguments is None:
        return Change("", _patch(input_)) if input_.startswith("*** Begin Patch") else _value_or_words(input_)
    return _command(arguments) or _change(tool, arguments) or Arguments(arguments)


# ------------------------------------------------------------------ one line


def _main(tool: str, arguments: Mapping[str, Any]) -> str:
    todos = arguments.get("todos") or arguments.get("plan")
    if isinstance(todos, list) and todos and all(isinstance(each, dict) for each in todos):
        done = sum(each.get("status") == "completed" for each in todos)
        return f"{done} of {len(todos)} done"
    if tool.casefold() in {"task", "agent"} and isinstance(arguments.get("description"), str):
        return str(arguments["description"])
    for key in MAIN_ARGUMENTS:
        if arguments.get(key):
            return _text(arguments[key])
    patch = arguments.get("input") or arguments.get("patch")
    if isinstance(patch, str):
        return _patched_file(patch) or patch
    return json.dumps(arguments, ensure_ascii=False) if arguments else ""


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return _of_argv(value)
    return json.dumps(value, ensure_ascii=False)


def _of_argv(words: Sequence[str]) -> str:
    """`["bash", "-lc", "ls"]` is `ls`."""
    shell = len(words) == 3 and words[1] in {"-c", "-lc"}  # noqa: PLR2004 - as shells are called
    return words[2] if shell else " ".join(words)


_FIRST = re.compile(
    r'"(?P<key>' + "|".join(MAIN_ARGUMENTS) + r')"\s*:\s*(?:\[\s*"(?:bash|sh|zsh)"\s*,\s*"-l?c"\s*,\s*)?'
    r'"(?P<value>(?:[^"\\]|\\.)*)'
)


def _first_told(input_: str) -> str:
    """The first main argument in JSON that was cut."""
    found = _FIRST.search(input_)
    if found is None:
        return _patched_file(input_)
    try:
        return msgspec.json.decode(f'"{found["value"]}"', type=str)
    except msgspec.DecodeError:
        return found["value"]


def _line(text: str) -> str:
    flat = " ⏎ ".join(text[: 4 * LONGEST_LINE].strip().splitlines())
    return flat if len(flat) <= LONGEST_LINE else flat[:LONGEST_LINE] + "…"


# ------------------------------------------------------------------ all of it


def _object(input_: str) -> Mapping[str, Any] | None:
    found = _loaded(input_)
    return found if isinstance(found, dict) else None


def _loaded(input_: str) -> object:
    try:
        return msgspec.json.decode(input_)  # strict: half a surrogate pair, which no page can carry, is not JSON
    except (msgspec.DecodeError, RecursionError):
        return None


def _value_or_words(input_: str) -> Shown:
    found = _loaded(input_)
    return Words(input_) if found is None else Arguments(found)


def _command(arguments: Mapping[str, Any]) -> Command | None:
    command = arguments.get("command", arguments.get("cmd"))
    if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        return Command(_of_argv(command))
    return Command(command) if isinstance(command, str) and command else None


def _change(tool: str, arguments: Mapping[str, Any]) -> Change | None:
    path = next((str(arguments[key]) for key in ("file_path", "filePath", "path") if arguments.get(key)), "")
    patch = arguments.get("input") or arguments.get("patch")
    if isinstance(patch, str) and patch.startswith("*** Begin Patch"):
        return Change(path, _patch(patch))
    edits = arguments.get("edits") if isinstance(arguments.get("edits"), list) else [arguments]
    pairs = [pair for edit in edits or () if (pair := _pair(edit)) is not None]
    if pairs:
        return Change(path, [line for old, new in pairs for line in _compared(old, new)])
    content = arguments.get("content")
    if tool.casefold() == "write" and isinstance(content, str):
        return Change(path, [Line("+", line) for line in content.splitlines()])
    return None


def _pair(edit: object) -> tuple[str, str] | None:
    if not isinstance(edit, dict):
        return None
    old = edit.get("old_string", edit.get("oldString"))
    new = edit.get("new_string", edit.get("newString"))
    return (old, new) if isinstance(old, str) and isinstance(new, str) else None


def _compared(old: str, new: str) -> Iterator[Line]:
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > MOST_LINES:
        yield from (Line("-", line) for line in before)
        yield from (Line("+", line) for line in after)
        return
    for what, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=True).get_opcodes():
        if what == "equal":
            yield from (Line(" ", line) for line in before[a:b])
        else:
            yield from (Line("-", line) for line in before[a:b])
            yield from (Line("+", line) for line in after[c:d])


_HEADING = re.compile(r"\*\*\* (?:Update|Add|Delete) File: (?P<path>.*)")


def _patched_file(patch: str) -> str:
    found = _HEADING.search(patch)
    return found["path"] if found else ""


def _patch(patch: str) -> list[Line]:
    """The lines of a patch as Codex writes it."""
    return [_patch_line(line) for line in patch.splitlines() if line not in {"*** Begin Patch", "*** End Patch"}]


def _patch_line(line: str) -> Line:
    if line[:1] == "+":
        return Line("+", line[1:])
    if line[:1] == "-":
        return Line("-", line[1:])
    return Line("@", line) if line.startswith(("***", "@@")) else Line(" ", line.removeprefix(" "))
