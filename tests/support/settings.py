"""Settings as a test states them: names without their prefix."""

from pathlib import Path

import pytest

from aibridge.config import Settings, load_settings
from aibridge.errors import SettingsError

HOME = {"HOME": "/home/ada"}


def load(cwd: Path, **environ: str) -> Settings:
    return load_settings({**HOME, **{f"AIBRIDGE_{name}": text for name, text in environ.items()}}, cwd)


def refusal(cwd: Path, **environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(cwd, **environ)
    return str(caught.value)
