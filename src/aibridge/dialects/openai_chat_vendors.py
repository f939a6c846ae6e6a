"""Where compatible vendors of Chat Completions say what OpenAI says elsewhere, or not at all.

Thoughts: `reasoning_content` (DeepSeek, xAI, Moonshot and most), `reasoning` (OpenRouter, Groq, vLLM), `reasoning_text`
and `cot_summary` (GitHub Copilot), `reasoning_details` (OpenRouter, MiniMax), parts of the content (Mistral,
Databricks), or marked text (Gemini). Usage: `x_groq`, or the choice (Moonshot). Errors: the choice (OpenRouter),
`x_groq`, the event itself (vLLM), `base_resp` (MiniMax).
"""

from typing import Any

from aibridge.dialects.payload import list_of, object_of, text_of
from aibridge.dialects.provider_error import ProviderError, error_in, error_of

_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_text", "cot_summary")
_DETAILS = "reasoning_details"
_TELLING = frozenset((*_THOUGHTS, _DETAILS))
_THINKING = ("thinking", "reasoning")
"""Types of parts."""
THOUGHT, THOUGHT_ENDS = "<thought>", "</thought>"
"""Gemini writes these around the thoughts that it marks; the end comes before the first words of the answer.
https://ai.google.dev/gemini-api/docs/openai#thinking"""


def thought_and_words(delta: dict[str, Any]) -> tuple[str, str]:
    """What a delta or message tells of the model's thoughts, and of its answer."""
    content = delta.get("content")
    thought = "" if _TELLING.isdisjoint(delta) else _thought(delta)
    if isinstance(content, list):
        parts = [part if isinstance(part, dict) else {} for part in content]
        inside = "".join(_thinking(part) for part in parts if part.get("type") in _THINKING)
        words = "".join(text_of(part.get("text")) for part in parts if part.get("type") not in _THINKING)
        return thought or inside, words
    words = text_of(content)
    if words and "extra_content" in delta and _is_marked(delta):
        inside, _, words = words.removeprefix(THOUGHT).partition(THOUGHT_ENDS)
        return thought or inside, words
    return thought, words


def _thought(delta: dict[str, Any]) -> str:
    for name in _THOUGHTS:
        if thought := text_of(delta.get(name)):
            return thought
    return "".join(map(_text, list_of(delta.get(_DETAILS))))


def usage_in(found: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    """The usage that a chunk or answer tells, wherever it does; empty when it tells none."""
    if usage := object_of(found.get("usage")):
        return usage
    for place in _other_places(found, choices):
        if "usage" in place and (usage := object_of(place["usage"])):
            return usage
    return {}


def failure_in(found: dict[str, Any], choices: list[dict[str, Any]]) -> ProviderError | None:
    """The error that a chunk or answer tells, wherever it does; None when it tells none."""
    if "error" in found and (error := error_in(found)):
        return error
    if found.get("object") == "error":
        return error_of(found)
    if "base_resp" in found and (status := object_of(found["base_resp"]).get("status_code")):
        return ProviderError(str(status), text_of(found["base_resp"].get("status_msg")))
    for place in _other_places(found, choices):
        if "error" in place and (error := error_in(place)):
            return error
    return None


def _other_places(found: dict[str, Any], choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [object_of(found["x_groq"]), *choices] if "x_groq" in found else choices


def _text(part: object) -> str:
    known = object_of(part)
    return text_of(known.get("text")) or text_of(known.get("summary"))


def _thinking(part: dict[str, Any]) -> str:
    """The words of a thinking part: a text, or parts of it."""
    told = part.get("thinking") or part.get("summary") or part.get("text")
    return told if isinstance(told, str) else "".join(map(_text, list_of(told)))


def _is_marked(delta: dict[str, Any]) -> bool:
    return object_of(object_of(delta.get("extra_content")).get("google")).get("thought") is True
