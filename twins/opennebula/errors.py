"""Refusals of the daemon: an error code, a sentence, and the id of the object that is missing."""

from __future__ import annotations

AUTHENTICATION = 0x0100
AUTHORIZATION = 0x0200
NO_EXISTS = 0x0400
ACTION = 0x0800
INTERNAL = 0x2000
ALLOCATE = 0x4000

NOT_ENOUGH_PARAMETERS = -501
NOT_XML = -503
UNKNOWN_METHOD = -506


class OneError(Exception):
    """A failed call: it becomes the array of five, with the method's name before the message."""

    def __init__(self, code: int, message: str, object_id: int = -1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.object_id = object_id


class RpcFault(Exception):
    """A call that is wrong as XML-RPC: it becomes a ``<fault>``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unauthenticated() -> OneError:
    return OneError(AUTHENTICATION, "User couldn't be authenticated, aborting call.")


def unauthorized(message: str, object_id: int = -1) -> OneError:
    return OneError(AUTHORIZATION, message, object_id)


def no_exists(label: str, object_id: int) -> OneError:
    return OneError(NO_EXISTS, f"Error getting {label} [{object_id}].", object_id)


def bad_action(message: str) -> OneError:
    """The state of things does not allow it."""
    return OneError(ACTION, message)


def internal(message: str) -> OneError:
    """Invalid or taken names, invalid templates, members already there."""
    return OneError(INTERNAL, message)


def not_allocated(message: str) -> OneError:
    return OneError(ALLOCATE, message)
