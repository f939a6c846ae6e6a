"""What Codex writes in the user's name: skills, notices and the surroundings, each in a frame of its own."""

import re

_FRAME = re.compile(
    r"\s*+(?:# AGENTS\.md instructions[^\n]*+\s++)?"
    r"<(INSTRUCTIONS|codex_internal_context|environment_context|extension_context|external_\w+|goal_context|hook_prompt"
    r"|recommended_plugins|skill|subagent_notification|turn_aborted|user_shell_command)(?: [^>]*)?>",
    re.IGNORECASE,
)
"""How such a text begins.
https://github.com/openai/codex/tree/main/codex-rs/core/src/context"""


def codex_wrote(text: str) -> bool:
    """Whether a text is nothing but one of these frames."""
    frame = _FRAME.match(text)
    return frame is not None and text.rstrip().lower().endswith(f"</{frame[1]}>".lower())
