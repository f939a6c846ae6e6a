"""Turns what PostgreSQL says when it cannot start into one sentence with a way out."""

from pathlib import Path

_KNOWN = (
    ("No space left on device", "The disk with {folder} is full. Make room, then start again."),
    ("Disk quota exceeded", "The disk quota of {folder} is used up. Make room, then start again."),
    ("Read-only file system", "{folder} lies on a read-only file system. Set AIBRIDGE_DATA_DIR to another folder."),
    ("Permission denied", "{folder} may not be used by this user. Set AIBRIDGE_DATA_DIR to a folder of yours."),
    ("could not map anonymous shared memory", "There is too little memory for the embedded PostgreSQL (128 MB)."),
)
_TELLING = ("PANIC:", "FATAL:", "ERROR:", "error:", "fatal:")


def explain(output: str, folder: Path) -> str:
    """One sentence for what a person can mend, else PostgreSQL's own last words."""
    for symptom, sentence in _KNOWN:
        if symptom in output:
            return f"{sentence.format(folder=folder)} PostgreSQL says: {_last_words(output)}"
    return f"The embedded PostgreSQL in {folder} did not start. PostgreSQL says: {_last_words(output) or 'nothing'}"


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in _TELLING)]
    return (telling or lines or [""])[-1][:500]
