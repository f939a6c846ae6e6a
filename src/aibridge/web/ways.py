"""Where somebody may be led on to: nowhere but on this site."""

import re

_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def safe_path(wanted: str) -> str:
    """The path and query that were asked for; `/` for what a browser could take for another site's address."""
    return wanted if _PATH.fullmatch(wanted) else "/"
