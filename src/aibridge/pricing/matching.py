"""Whether a list means a model by the name that a request gave it."""

import re
from datetime import date

import msgspec

_COMPACT_DATE = re.compile(r"-(20\d\d)(\d\d)(\d\d)(?=-|:|$)")


class Clause(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One condition on a model's name in lower case, or several of them. Exactly one field is set."""

    equals: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    regex: str | None = None
    any_of: tuple["Clause", ...] = ()
    all_of: tuple["Clause", ...] = ()

    def matches(self, name: str) -> bool:
        """Whether a name, in lower case, is meant."""
        if self.any_of:
            return any(clause.matches(name) for clause in self.any_of)
        if self.all_of:
            return all(clause.matches(name) for clause in self.all_of)
        if self.regex is not None:
            return re.search(self.regex, name) is not None
        return self._compares(name)

    def _compares(self, name: str) -> bool:
        if self.equals is not None:
            return name == self.equals
        if self.starts_with is not None:
            return name.startswith(self.starts_with)
        if self.ends_with is not None:
            return name.endswith(self.ends_with)
        return self.contains is not None and self.contains in name


def with_dashed_date(name: str) -> str:
    """`gpt-5.2-20251211` as `gpt-5.2-2025-12-11`: gateways before us write dates of snapshots in one piece."""
    return _COMPACT_DATE.sub(_dashed, name)


def _dashed(found: re.Match[str]) -> str:
    year, month, day = found.groups()
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return found.group()
    return f"-{year}-{month}-{day}"
