"""How things go wrong, in words for those who can mend them."""

from __future__ import annotations

AUTHENTICATION, AUTHORIZATION, NO_EXISTS, ACTION, INTERNAL = 0x100, 0x200, 0x400, 0x800, 0x2000


class CloudError(Exception):
    """Anything that OpenNebula did not do."""


class Unreachable(CloudError):
    """No answer after all attempts. Whether the call had an effect is not known; trying again later helps."""


class NotYet(CloudError):
    """OpenNebula is still at it; coming back later helps."""


class Refused(CloudError):
    """The daemon answered no. ``code`` is its error code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class WrongCredentials(Refused):
    """Nobody of this name and password."""


class Missing(Refused):
    """The object of this id does not exist."""


class BadInput(CloudError):
    """A setting or a wish that cannot be met. ``key`` names it, the sentence says what helps."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(f"{key}: {sentence}")
        self.key = key


class NameTaken(Refused):
    """Something of this name exists and is not ours."""


class InUse(CloudError):
    """It still holds what others have made; nothing was destroyed."""


def refusal(message: str, code: int) -> Refused:
    if code == AUTHENTICATION:
        return WrongCredentials(
            f"credentials: OpenNebula does not accept them ({message}). Write username:password.", code
        )
    if "is already taken by" in message:
        return NameTaken(f"{message} It was not made for this resource: rename or delete it.", code)
    return Missing(message, code) if code == NO_EXISTS else Refused(message, code)
