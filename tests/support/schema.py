"""What is in a database, as `pg_dump` writes it down."""

import re
import subprocess

from aibridge.store.embedded import binaries


def described(dsn: str) -> str:
    """Tables, indexes and constraints, without what differs between two dumps of the same."""
    return re.sub(r"^\\(un)?restrict .*$", "", _dumped("--schema-only", dsn), flags=re.MULTILINE)


def contents(dsn: str) -> str:
    """Every row of every table."""
    return _dumped("--data-only", dsn)


def _dumped(what: str, dsn: str) -> str:
    dump = [str(binaries.tool("pg_dump")), what, "--no-owner", "--no-privileges", dsn]
    return subprocess.run(dump, check=True, capture_output=True, text=True).stdout
