"""Where a setting's text comes from: the environment first, then the file. Names that nobody knows stop here."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from aibridge.config.table import CONFIG, PATTERN, PREFIX, PROVIDER_SETTINGS, SETTINGS, Setting
from aibridge.errors import SettingsError
from aibridge.redaction.patterns import Pattern, own_pattern

T = TypeVar("T")

FILE = "aibridge.toml"
TABLE = "provider"
"""Each `[[provider]]` table is one provider instance, the first one number 0."""
OWN_PATTERNS = PATTERN.lower()
"""The table `[redact_pattern]` holds the deployment's own patterns of redaction by name."""

_PROVIDER = re.compile(rf"{PREFIX}PROVIDER_(0|[1-9]\d*)_([A-Z_]+)")
_SERVICE_LINK = re.compile(
    rf"{PREFIX}(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_SERVICE_PORT = re.compile(rf"{PREFIX}(?:\w+_)?PORT")
_FOR_TESTS = f"{PREFIX}TEST_"
_PATTERN = f"{PREFIX}{PATTERN}_"


@dataclass(frozen=True, slots=True)
class Text:
    """A setting's text and where it was found, for the message if it is wrong."""

    text: str
    place: str


class Sources:
    """Looks settings up, environment over file.

    Raises:
        SettingsError: the file cannot be read, or there is a name that is not a setting.

    """

    def __init__(self, environ: Mapping[str, str], cwd: Path) -> None:
        # A variable that is set to nothing counts as not set: compose files write `KEY=${KEY:-}`.
        self._environ = {
            name: text for name, value in environ.items() if name.startswith(PREFIX) and (text := value.strip())
        }
        self._path, self._file = _read_file(self._environ.get(CONFIG), cwd)
        self._tables = _provider_tables(self._path, self._file)
        self._refuse_unknown_names()

    def value(self, setting: Setting[T]) -> T:
        """The setting's value, or its default."""
        found = self._find(setting)
        if found is not None:
            return _read(setting, found)
        if setting.default is None:
            raise LookupError(setting.name)
        return setting.read(setting.default)

    def optional(self, setting: Setting[T]) -> T | None:
        """The setting's value; None when it is not set."""
        found = self._find(setting)
        return None if found is None else _read(setting, found)

    def place(self, setting: Setting[Any]) -> str | None:
        """Where the setting is set, if it is."""
        found = self._find(setting)
        return found.place if found else None

    def of_provider(self, number: int, setting: Setting[T]) -> T | None:
        """The value of a provider instance's setting; None when it is not set."""
        found = self._find_of_provider(number, setting)
        return None if found is None else _read(setting, found)

    def provider_place(self, number: int, setting: Setting[Any]) -> str:
        """The name under which a provider instance's setting is, or would be, set."""
        found = self._find_of_provider(number, setting)
        return found.place if found else f"{PREFIX}PROVIDER_{number}_{setting.name}"

    def provider_numbers(self) -> range:
        """The numbers of the provider instances.

        Raises:
            SettingsError: a number is left out.

        """
        named = {int(match[1]) for name in self._environ if (match := _PROVIDER.fullmatch(name))}
        named.update(range(len(self._tables)))
        for missing in range(max(named, default=-1) + 1):
            if missing not in named:
                raise SettingsError(
                    f"{PREFIX}PROVIDER_{max(named)}_* is set and {PREFIX}PROVIDER_{missing}_* is not. "
                    "Number the providers from 0 without gaps."
                )
        return range(len(named))

    def own_patterns(self) -> list[Pattern]:
        """The deployment's own patterns of redaction, by name.

        Raises:
            SettingsError: one is none, or its name cannot be one.

        """
        found = {
            name.lower(): Text(text, f"`{name}` of [{OWN_PATTERNS}] in {self._path}")
            for name, text in _table_of_texts(self._path, self._file).items()
        }
        for name, text in self._environ.items():
            if name.startswith(_PATTERN):
                found[name.removeprefix(_PATTERN).lower()] = Text(text, name)
        return [_own_pattern(name, found[name]) for name in sorted(found)]

    # -------------------------------------------------------------- inside

    def _find(self, setting: Setting[Any]) -> Text | None:
        name = PREFIX + setting.name
        if name in self._environ:
            return Text(self._environ[name], name)
        return self._from_table(self._file, setting, "")

    def _find_of_provider(self, number: int, setting: Setting[Any]) -> Text | None:
        name = f"{PREFIX}PROVIDER_{number}_{setting.name}"
        if name in self._environ:
            return Text(self._environ[name], name)
        if number < len(self._tables):
            return self._from_table(self._tables[number], setting, f" of [[{TABLE}]] {number}")
        return None

    def _from_table(self, table: Mapping[str, Any], setting: Setting[Any], which: str) -> Text | None:
        key = setting.name.lower()
        place = f"`{key}`{which} in {self._path}"
        match table.get(key):
            case None | "":
                return None
            case bool() as value:
                return Text(str(value).lower(), place)
            case str() | int() | float() as value:
                return Text(str(value).strip(), place)
            case _:
                raise SettingsError(f"{place} must be a text, a number or a boolean.")

    def _refuse_unknown_names(self) -> None:
        known = [PREFIX + setting.name for setting in SETTINGS] + [CONFIG]
        of_providers = [setting.name for setting in PROVIDER_SETTINGS]
        for name, text in self._environ.items():
            if name in known or name.startswith((_FOR_TESTS, _PATTERN)) or _is_service_link(name, text):
                continue
            match = _PROVIDER.fullmatch(name)
            if match is None:
                _unknown(name, known + [f"{PREFIX}PROVIDER_0_{each}" for each in of_providers])
            if match[2] not in of_providers:
                _unknown(name, [f"{PREFIX}PROVIDER_{match[1]}_{each}" for each in of_providers])
        _refuse_unknown_keys(
            self._file, [each.name.lower() for each in SETTINGS] + [TABLE, OWN_PATTERNS], str(self._path)
        )
        for number, table in enumerate(self._tables):
            place = f"[[{TABLE}]] {number} of {self._path}"
            _refuse_unknown_keys(table, [each.lower() for each in of_providers], place)


def _read(setting: Setting[T], found: Text) -> T:
    try:
        return setting.read(found.text)
    except ValueError as error:
        shown = "" if setting.secret or "@" in found.text else f", not {found.text[:80]!r}"
        raise SettingsError(f"{found.place} must be {error}{shown}.") from None


def _own_pattern(name: str, found: Text) -> Pattern:
    try:
        return own_pattern(name, found.text)
    except ValueError as error:
        raise SettingsError(f"{found.place} must be {error}.") from None


def _table_of_texts(path: Path, file: Mapping[str, Any]) -> Mapping[str, str]:
    patterns = file.get(OWN_PATTERNS, {})
    if not isinstance(patterns, dict) or not all(isinstance(text, str) for text in patterns.values()):
        raise SettingsError(
            f"`{OWN_PATTERNS}` in {path} must be a table of texts. "
            f"Write [{OWN_PATTERNS}], and below it name = 'pattern'."
        )
    return patterns


def _read_file(named: str | None, cwd: Path) -> tuple[Path, Mapping[str, Any]]:
    path = cwd / (named or FILE)
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None:
            return path, {}
        raise SettingsError(f"{CONFIG} names {path}, and there is no such file.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None


def _provider_tables(path: Path, file: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tables = file.get(TABLE, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"`{TABLE}` in {path} must be a list of tables. Write [[{TABLE}]], with two brackets.")
    return tables


def _is_service_link(name: str, text: str) -> bool:
    """Kubernetes puts these into every pod for each Service named aibridge or aibridge-something.

    https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    if _SERVICE_LINK.fullmatch(name):
        return True
    return bool(_SERVICE_PORT.fullmatch(name)) and text.startswith(("tcp://", "udp://", "sctp://"))


def _refuse_unknown_keys(table: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    for key in table:
        if key not in known:
            _unknown(key, known, place=f"`{key}` in {place}")


def _unknown(name: str, known: Iterable[str], *, place: str | None = None) -> NoReturn:
    bare = {each.removeprefix(PREFIX): each for each in known}  # a prefix that all share makes anything look near
    nearest = difflib.get_close_matches(name.removeprefix(PREFIX), bare, n=1, cutoff=0.6)
    way_out = f"Did you mean {bare[nearest[0]]}?" if nearest else "See docs/settings.md for the names there are."
    raise SettingsError(f"{place or name} is not a setting of aibridge. {way_out}")
