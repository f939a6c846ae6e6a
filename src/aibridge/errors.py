"""The one error tree. Each class's docstring is the message a person reads when nothing more exact is known."""


class AIBridgeError(Exception):
    """aibridge could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class SettingsError(AIBridgeError):
    """A setting is wrong; the message names it and the way out."""


# ------------------------------------------------------------------ who asks


class AccessDenied(AIBridgeError):
    """Access was denied."""


class TokenMissing(AccessDenied):
    """No aibridge token was sent. Send one as `Authorization: Bearer` or `X-Api-Key`."""


class TokenInvalid(AccessDenied):
    """This aibridge token is not valid. Ask an administrator for a new one."""


class TokenRevoked(TokenInvalid):
    """This aibridge token was revoked. Ask an administrator for a new one."""


class TokenExpired(TokenInvalid):
    """This aibridge token has expired. Ask an administrator for a new one."""


class UserInactive(AccessDenied):
    """This user is suspended. Ask an administrator to activate the account."""


class ScopeMissing(AccessDenied):
    """This aibridge token does not have the scope that this request needs."""


class NotAllowed(AccessDenied):
    """You may see this, but not do it. Ask an owner."""


class PasswordRefused(AIBridgeError):
    """This cannot be a password; the message says why."""


# ------------------------------------------------------------------ what was asked


class RequestRefused(AIBridgeError):
    """The request cannot be accepted; nothing was sent to the provider."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class TooManyMembers(AIBridgeError):
    """The JSON object or array has more members, or more of anything inside them, than may be looked at."""


class EncodingOverflow(AIBridgeError):
    """The compressed body holds more than may be read."""


class EncodingBroken(AIBridgeError):
    """The compressed body is not of the encoding that its header names."""


# ------------------------------------------------------------------ the provider


class UpstreamError(AIBridgeError):
    """The provider could not be reached or broke off."""


class UpstreamUnreachable(UpstreamError):
    """The provider could not be reached."""


class UpstreamTimeout(UpstreamError):
    """The provider did not answer in time."""


class UpstreamProtocolError(UpstreamError):
    """The provider sent something that is not HTTP/1.1."""


class RequestUnwritable(UpstreamProtocolError):
    """The request cannot be written as HTTP/1.1; nothing was sent to the provider."""


class UpstreamCut(UpstreamError):
    """The provider closed the connection before its answer was complete."""


# ------------------------------------------------------------------ the record


class StoreError(AIBridgeError):
    """The database refused or could not be reached."""


class StoreUnavailable(StoreError):
    """The database cannot be reached."""


class EmbeddedPostgresError(StoreError):
    """The embedded PostgreSQL cannot run; the message says why, and the way out."""


class StoreConflict(StoreError):
    """A deadlock or serialization failure: the same statement may succeed when repeated (40P01, 40001)."""


class RowsRefused(StoreError):
    """At least one row of the batch holds a value the database refuses (SQLSTATE class 21, 22, 23 or 54)."""


class NotFound(StoreError):
    """There is no such thing, or the caller may not see it."""


class CursorUnknown(StoreError):
    """The cursor is not a row of this list."""


class CursorAmbiguous(StoreError):
    """The cursor is the id of several people's sessions; name the initiator too."""


class AlreadyExists(StoreError):
    """There is one with this name already."""


class UserDeleted(StoreError):
    """This user was deleted and stays so: the record keeps the name. Make a new user instead."""


class LastOwner(StoreError):
    """This is the last active owner. Make somebody else an owner first."""


class SchemaMismatch(StoreError):
    """The database does not have the schema that this version of aibridge knows. Run `aibridge db migrate`."""
