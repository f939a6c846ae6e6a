"""Token figures as providers report them: whole numbers, under the provider's own names."""

from typing import Any

from aibridge.dialects.notes import Notes

MAX_DEPTH = 8
"""Levels of nesting kept of a provider's extra counters; today's reach two."""

_DROPPED = object()


def count(found: object, notes: Notes) -> int | None:
    """A number of tokens. None when it is absent or no whole number: unknown is not zero."""
    if found is None:
        return None
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    if isinstance(found, float) and found.is_integer():
        return int(found)
    notes.add("a token figure is no whole number")
    return None


def less(total: int | None, *parts: int | None) -> int | None:
    """What is left of a total when its known parts are taken out; never below zero."""
    return None if total is None else max(total - sum(part or 0 for part in parts), 0)


def extras(usage: dict[str, Any], taken: frozenset[str], notes: Notes) -> dict[str, Any]:
    """What a usage object holds beside the figures already taken, nested as the provider nests it."""
    kept = {name: _plain(found, notes, MAX_DEPTH) for name, found in usage.items() if name not in taken}
    return {name: found for name, found in kept.items() if found is not _DROPPED}


def _plain(found: object, notes: Notes, depth: int) -> object:
    if isinstance(found, dict | list):
        if depth == 0:
            notes.add("usage is nested too deeply; the innermost figures are left out")
            return _DROPPED
        if isinstance(found, list):
            return [item for item in (_plain(each, notes, depth - 1) for each in found) if item is not _DROPPED]
        inner = {name: _plain(each, notes, depth - 1) for name, each in found.items()}
        return {name: each for name, each in inner.items() if each is not _DROPPED}
    if isinstance(found, float) and found.is_integer():
        return int(found)
    return _DROPPED if found is None else found
