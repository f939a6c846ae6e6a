"""What a database's schema is, as `pg_dump` writes it down."""

import re
import subprocess

from aibridge.store.embedded import binaries


def described(dsn: str) -> str:
    """Tables, indexes and constraints, without what differs between two dumps of the same."""
    dump = [str(binaries.tool("pg_dump")), "--schema-only", "--no-owner", "--no-privileges", dsn]
    text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)
