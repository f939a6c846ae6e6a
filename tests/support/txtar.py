"""The txtar format: a line `-- name --` starts a section (https://pkg.go.dev/golang.org/x/tools/txtar)."""

import re

_MARKER = re.compile(rb"^-- (.+?) --[ \t]*\r?\n", re.MULTILINE)


def sections(archive: bytes) -> dict[str, bytes]:
    """Section name → its bytes. What stands before the first marker is a comment."""
    marks = list(_MARKER.finditer(archive))
    ends = [mark.start() for mark in marks[1:]] + [len(archive)]
    return {mark[1].decode(): archive[mark.end() : end] for mark, end in zip(marks, ends, strict=True)}
