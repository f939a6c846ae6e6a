"""The navigation: which pages there are, and which of them somebody may open."""

from collections.abc import Collection

import msgspec

from aibridge.web.viewer import Viewer


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the navigation."""

    path: str
    label: str
    icon: str
    current: bool = False


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The navigation on one page."""

    record: tuple[Entry, ...]
    manage: tuple[Entry, ...]
    """Empty for members."""
    aside: tuple[Entry, ...]
    home: str
    """Where the brand leads."""


_RECORD = (
    Entry(path="/overview", label="Overview", icon="layout-dashboard"),
    Entry(path="/requests", label="Request logs", icon="scroll-text"),
    Entry(path="/sessions", label="Sessions", icon="list-tree"),
)
_MANAGE = (
    Entry(path="/users", label="Users & API keys", icon="users"),
    Entry(path="/providers", label="Providers", icon="plug"),
    Entry(path="/spend", label="Budgets & spend", icon="wallet"),
    Entry(path="/settings", label="Settings", icon="settings"),
)
_ASIDE = (Entry(path="/setup", label="Connect a client", icon="rocket"),)
_NOBODY = Shown(record=(), manage=(), aside=(), home="/signin")


class Navigation:
    """What of it exists: a page that is not served is not linked."""

    def __init__(self, paths: Collection[str]) -> None:
        self._record, self._manage, self._aside = (
            tuple(entry for entry in group if entry.path in paths) for group in (_RECORD, _MANAGE, _ASIDE)
        )
        self.home = next((entry.path for entry in (*self._record, *self._aside)), "/account")

    def of(self, viewer: Viewer | None, path: str) -> Shown:
        """The navigation for this viewer on the page at `path`."""
        if viewer is None:
            return _NOBODY
        return Shown(
            record=_marked(self._record, path),
            manage=_marked(self._manage, path) if viewer.sees_everyone else (),
            aside=_marked(self._aside, path),
            home=self.home,
        )


def _marked(entries: tuple[Entry, ...], path: str) -> tuple[Entry, ...]:
    return tuple(
        msgspec.structs.replace(entry, current=path == entry.path or path.startswith(f"{entry.path}/"))
        for entry in entries
    )
