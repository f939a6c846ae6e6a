"""What stands in the record's texts, read word by word without any index: what searches must find."""

import json
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aibridge.store.connections import Connection
from aibridge.texts import Text, words_of

TEXTS = """
SELECT interception_id, 'prompt' AS kind, id, prompt AS said FROM aibridge_user_prompts
UNION ALL SELECT interception_id, 'thought', id, content FROM aibridge_model_thoughts
UNION ALL SELECT interception_id, 'answer', id, content FROM aibridge_model_answers
UNION ALL SELECT interception_id, 'tool_result', id, content FROM aibridge_tool_results
UNION ALL SELECT interception_id, 'tool', id, tool FROM aibridge_tool_usages
UNION ALL SELECT interception_id, 'tool_input', id, input FROM aibridge_tool_usages
UNION ALL SELECT id, 'error', id, error_message FROM aibridge_interceptions WHERE error_message IS NOT NULL
"""


class Said:
    """Every text on record, by interception."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.words: dict[UUID, list[tuple[str, UUID, list[str]]]] = {}
        for id_, kind, item, said in rows:
            words = [word.lower() for word in words_of(_plain(said) if kind == "tool_input" else said)]
            self.words.setdefault(id_, []).append((kind, item, words))

    @classmethod
    async def read(cls, psql: Connection) -> "Said":
        return cls(await psql.fetch(TEXTS))

    def holds(self, interception_id: UUID, text: Sequence[Text]) -> bool:
        """Whether all of them stand in the texts of this interception, each in one of them."""
        return all(self.found_in(interception_id, one) for one in text)

    def found_in(self, interception_id: UUID, text: Text) -> set[tuple[str, UUID]]:
        """Which of its texts hold this one."""
        return {(kind, item) for kind, item, words in self.words.get(interception_id, ()) if _stands(text, words)}


def _plain(said: str) -> str:
    """Strings of JSON as they are meant; what is no JSON as it is."""
    try:
        meant = json.loads(said)
    except ValueError:
        return re.sub(r"\\(\\|[bfnrt])", " ", said)
    return " ".join(_strings(meant))


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.items() for part in item for text in _strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [json.dumps(value) if not isinstance(value, str) else value]


def _stands(text: Text, words: list[str]) -> bool:
    *first, last = [word.lower() for word in text.words]
    for at in range(len(words) - len(first)):
        here = words[at + len(first)]
        if words[at : at + len(first)] == first and (here.startswith(last) if text.beginning else here == last):
            return True
    return False
