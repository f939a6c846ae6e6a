"""What a form sent. The pages send short texts only, so that nothing but `urlencoded` is read."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_BYTES = 64 * 1024
MAX_FIELDS = 200
TOKEN_FIELD = "form"  # noqa: S105 - the name of a field
_TYPE = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form; of several values of one name the last."""

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """A field without blanks around it; empty when it was not sent."""
        return self._fields.get(name, "").strip()

    def secret(self, name: str) -> str:
        """A field exactly as it was typed: a password."""
        return self._fields.get(name, "")


async def read_form(request: Request) -> Form:
    """Read the form of this request. Raises `HTTPException` (413, 415, 400)."""
    if request.headers.get("content-type", _TYPE).partition(";")[0].strip().lower() != _TYPE:
        raise HTTPException(415)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BYTES:
            raise HTTPException(413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise HTTPException(400) from error
    return Form({name: value.replace("\0", "") for name, value in pairs})


def form_of(request: Request) -> Form:
    """The form that the guard has read already."""
    form: Form = request.state.form
    return form
