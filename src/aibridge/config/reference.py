"""The page `docs/settings.md`, made from the table of settings. `python -m aibridge.config.reference` prints it."""

from collections.abc import Iterable
from typing import Any

from aibridge.config.table import CONFIG, PATTERN, PREFIX, PROVIDER_SETTINGS, SETTINGS, Setting

_HEAD = f"""\
# Settings

<!-- Made by `python -m aibridge.config.reference`; a test compares it with the code. -->

Every setting is an environment variable. The same names in lower case and without `{PREFIX}` can be set in
`aibridge.toml` in the working directory, or in the file that `{CONFIG}` names; the environment takes precedence over
the file. An empty variable counts as not set; an unknown name stops the start. Sizes are written as `64MiB`, `10MB` or
a number of bytes, times as `500ms`, `5s`, `2m`, `12h`, `60d` or `8w`.
"""

_PROVIDERS = f"""
## Providers

The providers `anthropic` and `openai` always exist. Configure any number of others in groups, numbered from 0 without
gaps: `{PREFIX}PROVIDER_0_TYPE`, `{PREFIX}PROVIDER_0_NAME` and so on. In the file each group is a `[[provider]]` table,
and the environment can complete a table, for example with its key. A group named `anthropic` or `openai` replaces the
default provider of that name. Keys for hosts under `.openai.azure.com` are sent in the header `api-key`, as Azure
expects.
"""

_REDACTION = f"""
## What is kept

`docs/capture.md` explains the values of `{PREFIX}CAPTURE` and `{PREFIX}REDACT`. Set your own patterns one by one as
`{PREFIX}{PATTERN}_<NAME>`, or in the file as a table `[{PATTERN.lower()}]` of names and patterns, in
[RE2 syntax](https://github.com/google/re2/wiki/Syntax). What they match is stored as `[redacted:name]`, with the name
in lower case.
"""

_EXAMPLE = """
```toml
listen = ":4180"
access_url = "https://ai.example.com"
retention = "90d"

[[provider]]
type = "openai"
name = "router"
base_url = "https://openrouter.ai/api/v1"
capture = "tools"

[redact_pattern]
employee = '\\bE-\\d{6}\\b'
```
"""


def reference() -> str:
    """The page."""
    return "".join(
        (
            _HEAD,
            _table(PREFIX, SETTINGS),
            _PROVIDERS,
            _table(f"{PREFIX}PROVIDER_<N>_", PROVIDER_SETTINGS),
            _REDACTION,
            _EXAMPLE,
        )
    )


def _table(prefix: str, settings: Iterable[Setting[Any]]) -> str:
    rows = (f"| `{prefix}{each.name}` | {_default(each)} | {each.about} |" for each in settings)
    return "\n".join(("", "| name | default | meaning |", "|---|---|---|", *rows, ""))


def _default(setting: Setting[Any]) -> str:
    return f"`{setting.default}`" if setting.default is not None else setting.absent


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - a page is made
