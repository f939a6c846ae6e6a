"""The settings of the process that a command runs in."""

import os
from pathlib import Path

from aibridge.config import Settings, load_settings


def settings(*, listen: str = "") -> Settings:
    """Read them; a flag that was given goes over all. Raises `SettingsError`."""
    flags = {"AIBRIDGE_LISTEN": listen} if listen else {}
    return load_settings({**os.environ, **flags}, Path.cwd())
