"""The settings: environment over `aibridge.toml` over defaults, checked once, at the start.

Nothing here reads more than what it is given and the file. A wrong setting is a `SettingsError`: one sentence that
names it and the way out, and never a secret.
"""

from aibridge.config.load import load_settings
from aibridge.config.settings import Listen, LogFormat, LogLevel, ProviderSettings, Secret, Settings

__all__ = ["Listen", "LogFormat", "LogLevel", "ProviderSettings", "Secret", "Settings", "load_settings"]
