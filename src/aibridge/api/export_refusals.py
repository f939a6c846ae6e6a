"""What the routes of exports refuse, by examples."""

from uuid import UUID

from aibridge.api.refusals import bad_request, case, missing, queries
from aibridge.exporting.interceptions import TableFormat
from aibridge.exporting.sessions import SessionFormat

_NOBODYS = UUID(int=0)


def _no_format(formats: type[TableFormat] | type[SessionFormat]) -> str:
    one, other = formats
    return f"Input should be '{one}' or '{other}'"


INTERCEPTIONS = bad_request(
    *queries("interceptions"),
    case(
        "?format=xml",
        "The request has invalid values.",
        field="format",
        reason=_no_format(TableFormat),
    ),
    case(
        f"?after_id={_NOBODYS}",
        "Invalid pagination cursor.",
        detail=f"after_id: interception {_NOBODYS} not found: invalid pagination cursor",
        field="after_id",
    ),
)

SESSION = missing("Session not found.") | bad_request(
    case(
        "?format=xml",
        "The request has invalid values.",
        field="format",
        reason=_no_format(SessionFormat),
    ),
    case(
        "?initiator=nobody",
        "Invalid initiator query parameter.",
        field="initiator",
        reason='Query param "initiator" has invalid value: '
        'user "nobody" either does not exist, or you are unauthorized to view them',
    ),
)
