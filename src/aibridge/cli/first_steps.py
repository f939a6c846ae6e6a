"""What a newcomer reads at the first start."""

from aibridge.config import ProviderSettings, Settings
from aibridge.records import ProviderType


def first_steps(settings: Settings, *, welcome: str, command: str = "aibridge") -> str:
    """What to do next when nobody has an account yet.

    `welcome`: the link that makes the first owner. `command`: how aibridge is called.
    """
    return "\n".join(
        (
            "Nobody has an account yet. Open this in a browser to create the first administrator:",
            "",
            welcome,
            "",
            "Or in another terminal:",
            "",
            f"  {command} users create ada --role owner",
            f"  {command} tokens create ada",
            "",
            "Both give you a token. To use Claude Code through aibridge:",
            "",
            f"  export ANTHROPIC_BASE_URL={settings.access_url}/api/v2/aibridge/anthropic",
            "  export ANTHROPIC_AUTH_TOKEN=<the token>",
            "  claude",
            *_about_keys(settings),
        )
    )


def _about_keys(settings: Settings) -> tuple[str, ...]:
    anthropic = next((each for each in settings.providers if _is_default(each)), None)
    if anthropic is None or anthropic.key:
        return ()
    return ("", "There is no key for Anthropic yet: set AIBRIDGE_ANTHROPIC_KEY and restart aibridge.")


def _is_default(provider: ProviderSettings) -> bool:
    return provider.name == ProviderType.ANTHROPIC
