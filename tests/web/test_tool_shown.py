"""Tool calls as a person reads them, whatever agent made them, whole or cut."""

import html
import json
import re

import pytest

from aibridge.web.json_shown import json_shown
from aibridge.web.tool_shown import Arguments, Change, Command, Line, Words, main_argument, shown, tool_icon, tool_name

PATCH = "*** Begin Patch\n*** Update File: src/a.py\n@@ def f\n-old\n+new\n same\n*** End Patch"


@pytest.mark.parametrize(
    ("tool", "input_", "told"),
    [
        ("Bash", '{"command":"ls -l\\necho hi","description":"List"}', "ls -l ⏎ echo hi"),
        ("shell", '{"command":["bash","-lc","rg foo"],"workdir":"/w"}', "rg foo"),
        ("shell", '{"command":["git","status"]}', "git status"),
        ("exec_command", '{"cmd":"pytest -q"}', "pytest -q"),
        ("Read", '{"offset":3,"file_path":"docs/a.md"}', "docs/a.md"),
        ("Task", '{"prompt":"Look at everything","description":"Explore"}', "Explore"),
        ("spawn_agent", '{"agent_type":"explorer","message":"Look at everything"}', "Look at everything"),
        ("TodoWrite", '{"todos":[{"status":"completed"},{"status":"pending"}]}', "1 of 2 done"),
        ("update_plan", '{"plan":[{"status":"completed","step":"a"}]}', "1 of 1 done"),
        ("apply_patch", json.dumps({"input": PATCH}), "src/a.py"),
        ("apply_patch", PATCH, "src/a.py"),
        ("mcp__jira__get_issue", '{"issueKey":"A-1"}', "A-1"),
        ("strange", '{"weight":3}', '{"weight": 3}'),
        ("strange", "{}", ""),
        ("strange", "no JSON", "no JSON"),
        ("strange", "", ""),
        ("Grep", '{"pattern":null,"path":"src"}', "src"),
        ("TodoWrite", '{"todos":[1,2]}', '{"todos": [1, 2]}'),
    ],
)
def test_the_main_argument_on_one_line(tool: str, input_: str, told: str) -> None:
    assert main_argument(tool, input_) == told


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        ('{"content":"x","file_path":"src/a.py","rest":"' + "y" * 300, "src/a.py"),
        ('{"command":["bash","-lc","python - <<E\\nprint(1)', "python - <<E ⏎ print(1)"),
        ('{"command":"echo \\"hi\\" && ec', 'echo "hi" && ec'),
        ('{"command":"half an escape \\u00', "half an escape \\u00"),
        ('{"command":"half a pair \\ud83d', "half a pair \\ud83d"),
        ('{"patch":"*** Begin Patch\\n*** Add File: b.py', "b.py"),
        ('{"data":"zzz', '{"data":"zzz'),
    ],
)
def test_the_main_argument_of_arguments_that_were_cut(beginning: str, told: str) -> None:
    assert main_argument("any", beginning).startswith(told)


def test_a_long_argument_is_one_line_of_bounded_length() -> None:
    assert len(main_argument("Bash", json.dumps({"command": "x\n" * 1_000_000}))) < 300


def test_a_command_is_shown_as_a_command() -> None:
    assert shown("Bash", '{"command":"ls"}') == Command("ls")
    assert shown("shell", '{"command":["bash","-lc","ls | wc"]}') == Command("ls | wc")


def test_an_edit_is_shown_as_a_change() -> None:
    told = shown("Edit", json.dumps({"file_path": "a", "old_string": "one\ntwo", "new_string": "one\nthree"}))
    assert told == Change("a", [Line(" ", "one"), Line("-", "two"), Line("+", "three")])
    several = {
        "file_path": "a",
        "edits": [{"old_string": "1", "new_string": "2"}, {"oldString": "3", "newString": ""}, 5],
    }
    assert shown("MultiEdit", json.dumps(several)) == Change("a", [Line("-", "1"), Line("+", "2"), Line("-", "3")])
    assert shown("Write", '{"file_path":"b","content":"x\\ny"}') == Change("b", [Line("+", "x"), Line("+", "y")])
    heading = [Line("@", "*** Update File: src/a.py"), Line("@", "@@ def f")]
    patched = [*heading, Line("-", "old"), Line("+", "new"), Line(" ", "same")]
    assert shown("apply_patch", PATCH) == shown("apply_patch", json.dumps({"input": PATCH})) == Change("", patched)


def test_texts_too_long_to_compare_stand_one_after_the_other() -> None:
    told = shown("Edit", json.dumps({"old_string": "a\n" * 1000, "new_string": "b\n" * 1000}))
    assert isinstance(told, Change)
    assert "".join(line.kind for line in told.lines) == "-" * 1000 + "+" * 1000


@pytest.mark.parametrize("input_", ["no JSON", '{"a": NaN}', '{"half": "\\ud800"}', "[" * 5000, ""])
def test_what_is_no_json_is_words(input_: str) -> None:
    assert shown("any", input_) == Words(input_)


def test_any_other_json_is_shown_as_it_is() -> None:
    assert shown("any", '{"old_string":1}') == Arguments({"old_string": 1})
    assert shown("any", "[1]") == Arguments([1])


def test_names_of_tools() -> None:
    assert tool_name("mcp__jira__get_issue") == ("jira", "get_issue")
    assert tool_name("mcp__a__b__c") == ("a", "b__c")
    assert tool_name("mcp__odd") == ("", "mcp__odd")
    assert tool_name("Bash") == ("", "Bash")
    assert (tool_icon("Bash"), tool_icon("mcp__x__y"), tool_icon("<b>")) == ("terminal", "plug", "wrench")


def test_json_that_is_shown_is_the_same_json() -> None:
    value = {"a<b": ["\x1b[31m</span>", 1, 2.5, True, None, {}, []], "deep": {"er": {"x": "😀 שלום"}}}
    drawn = json_shown(value)
    assert json.loads(_text(drawn)) == value
    assert "</span>" not in _text(drawn).replace('"\\u001b[31m</span>"', "")
    assert '<span class="j-k">&#34;a&lt;b&#34;</span>: [\n' in drawn


def test_json_of_any_depth_is_shown() -> None:
    value: object = 1
    for _ in range(300):
        value = [value]
    assert json.loads(_text(json_shown(value))) == value


def _text(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))
