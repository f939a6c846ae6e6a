"""What the routes of sessions refuse, by examples."""

from uuid import UUID

from aibridge.api.refusals import PAGE, bad_request, both, case, missing, queries

_NOBODYS = UUID(int=0)

LIST = bad_request(
    *PAGE,
    both("after_session_id", "?after_session_id=s1&offset=1"),
    case(
        f"?after_initiator_id={_NOBODYS}",
        "Query parameters have invalid values.",
        detail="after_initiator_id says whose session after_session_id is; give both.",
        field="after_session_id",
    ),
    *queries("sessions"),
    case(
        f"?after_session_id=s1&after_initiator_id={_NOBODYS}",
        "Query parameter has invalid value.",
        detail='after_session_id: session "s1" not found',
        field="after_session_id",
    ),
)

DETAIL = missing("Session not found.") | bad_request(
    case(
        "?limit=201",
        "Invalid limit query parameter.",
        detail="Limit must be between 1 and 200.",
        field="limit",
    ),
    case("?after_id=x", "Invalid after_id query parameter.", detail='"x" is not a UUID.', field="after_id"),
    case("?before_id=x", "Invalid before_id query parameter.", detail='"x" is not a UUID.', field="before_id"),
    case(
        f"?after_id={_NOBODYS}&before_id={_NOBODYS}",
        "Cannot use both after_id and before_id in the same request.",
        field="before_id",
    ),
    case(
        f"?after_id={_NOBODYS}",
        "Invalid pagination cursor.",
        detail=f"after_id: interception {_NOBODYS} not found: invalid pagination cursor",
        field="after_id",
    ),
    case(
        "?initiator=nobody",
        "Invalid initiator query parameter.",
        field="initiator",
        reason='Query param "initiator" has invalid value: '
        'user "nobody" either does not exist, or you are unauthorized to view them',
    ),
)
