"""What can go wrong with an effect, as a closed list of kinds a user can act on."""

from enum import StrEnum


class ErrorCode(StrEnum):
    UNREACHABLE = "unreachable"
    AUTH = "auth"
    QUOTA = "quota"
    CONFLICT = "conflict"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    INVALID = "invalid"
    CANCELLED = "cancelled"
    BUG = "bug"


class OperationError(Exception):
    """An effect failed. `retryable`: the same call may succeed later. `after`: seconds the cloud asked us to wait."""

    code = ErrorCode.INVALID
    retryable = False
    max_attempts: int | None = None  # None: until the operation's deadline

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.after = after


class Unreachable(OperationError):
    """No answer, a broken connection, 5xx or 429: tried again until the deadline."""

    code = ErrorCode.UNREACHABLE
    retryable = True


class CloudFailure(Unreachable):
    """The cloud answers 500: perhaps a passing fault, perhaps a bug there. Tried again some times."""

    max_attempts = 8


class CertificateRefused(Unreachable):
    """The TLS certificate of the cloud cannot be trusted: somebody has to mend that."""

    retryable = False


class AuthenticationFailed(OperationError):
    """The cloud refuses the credentials or the rights of the service account."""

    code = ErrorCode.AUTH


class CloudQuotaExceeded(OperationError):
    """The cloud's own quota is reached."""

    code = ErrorCode.QUOTA


class CloudConflict(OperationError):
    """The object is busy or in a state that forbids the call. Often passes: tried again a few times."""

    code = ErrorCode.CONFLICT
    retryable = True
    max_attempts = 6


class NotFound(OperationError):
    """The cloud does not know the object."""

    code = ErrorCode.NOT_FOUND


class TimedOut(OperationError):
    """What we waited for did not happen in time."""

    code = ErrorCode.TIMEOUT


class Invalid(OperationError):
    """The cloud refuses the request as such."""

    code = ErrorCode.INVALID


class Cancelled(OperationError):
    """A person stopped the operation."""

    code = ErrorCode.CANCELLED


class Bug(OperationError):
    """An error of ours: the traceback is kept for staff."""

    code = ErrorCode.BUG
