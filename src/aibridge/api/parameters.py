"""Query parameters that nobody knows, or that are given twice: left out in silence, a filter would show too much."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from fastapi import Depends, FastAPI, Request

from aibridge.api.caller import CallerOf
from aibridge.api.problems import Invalid
from aibridge.api.shapes import Validation


async def check_parameters(request: Request, _caller: CallerOf) -> None:
    """Refuse what the API's own description does not have, once it is known who asks. Raises `Invalid`."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = _known(request.app)[request.scope["route"].name]
    wrong = [_unknown(name, known) for name in given if name not in known]
    wrong += [
        Validation(field=name, detail="Give this parameter once.")
        for name, times in given.items()
        if times > 1 and name in known
    ]
    if wrong:
        raise Invalid("Query parameters have invalid values.", validations=wrong)


def _unknown(name: str, known: frozenset[str]) -> Validation:
    way_out = f"Known here: {', '.join(sorted(known))}." if known else "None is known here."
    return Validation(field=name, detail=f"There is no such parameter. {way_out}")


def _known(app: FastAPI) -> Mapping[str, frozenset[str]]:
    """The query parameters of every operation, by its id; each takes one value. Read from the description once."""
    known: Mapping[str, frozenset[str]] | None = getattr(app.state, "parameters", None)
    if known is None:
        operations: list[dict[str, Any]] = [each for path in app.openapi()["paths"].values() for each in path.values()]
        known = app.state.parameters = {
            each["operationId"]: frozenset(one["name"] for one in each.get("parameters", ()) if one["in"] == "query")
            for each in operations
        }
    return known


KNOWN_PARAMETERS = [Depends(check_parameters)]
"""Of every router."""
