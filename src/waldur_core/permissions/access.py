"""What an action of a view asks before it answers. A view that declares no access for an action refuses to serve it."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from waldur_core.permissions.asked import PERMISSION, VISIBILITY, remember
from waldur_core.permissions.checks import require_permission, scopes_of

CONSUMER = ("project", "project.customer")


@dataclass(frozen=True)
class Access:
    """Base: a signed-in user; objects come from the visibility rule."""

    _: KW_ONLY  # so that the words of `SignedIn("why")` can never be taken for another field
    anonymous: bool = False
    must_ask: str = VISIBILITY  # the question without which no answer leaves the view; "" for none

    def check_request(self, request: Request) -> None:
        """Before any object is looked up."""

    def check_object(self, request: Request, obj: Any) -> None:
        """After the object was found to be visible (otherwise the answer was 404)."""

    def describe(self) -> str:
        return "sees the object"


@dataclass(frozen=True)
class Public(Access):
    """Anyone, signed in or not."""

    anonymous: bool = True
    must_ask: str = ""

    def describe(self) -> str:
        return "anyone"


@dataclass(frozen=True)
class SignedIn(Access):
    """Any user; the answer holds nothing that belongs to others, or the view narrows it by `reason`."""

    reason: str
    _: KW_ONLY
    must_ask: str = ""

    def describe(self) -> str:
        return f"any user: {self.reason}"


@dataclass(frozen=True)
class Visible(Access):
    """Whoever sees the object."""


@dataclass(frozen=True)
class Reads(Visible):
    """The same, where a question comes as POST and changes nothing: support may ask too."""


@dataclass(frozen=True)
class Staff(Access):
    """Staff only."""

    must_ask: str = ""

    def check_request(self, request: Request) -> None:
        if not request.user.is_staff:
            raise PermissionDenied("Only staff may do this.")

    def describe(self) -> str:
        return "staff"


@dataclass(frozen=True)
class StaffOrSupport(Access):
    """Staff and support."""

    must_ask: str = ""

    def check_request(self, request: Request) -> None:
        if not (request.user.is_staff or getattr(request.user, "is_support", False)):
            raise PermissionDenied("Only staff and support may do this.")

    def describe(self) -> str:
        return "staff or support"


@dataclass(frozen=True)
class Holder(Access):
    """Staff, and holders of `permission` on any of the scopes reached from the object by `on`."""

    must_ask: str = PERMISSION
    permission: str = ""
    on: tuple[str, ...] = CONSUMER

    def check_object(self, request: Request, obj: Any) -> None:
        require_permission(request.user, self.permission, scopes_of(obj, self.on))

    def describe(self) -> str:
        return f"{self.permission} on {' or '.join(path or 'itself' for path in self.on)}"


@dataclass(frozen=True)
class HolderOrSelf(Holder):
    """As `Holder`; everybody may also do it to himself, being the user named in the body (leaving a project)."""

    key: str = "user"

    def check_object(self, request: Request, obj: Any) -> None:
        named = request.data.get(self.key) if isinstance(request.data, Mapping) else None
        if str(named).replace("-", "").lower() == request.user.uuid.hex:  # type: ignore[union-attr]
            remember(PERMISSION)
            return
        super().check_object(request, obj)

    def describe(self) -> str:
        return f"{super().describe()}, or oneself"


@dataclass(frozen=True)
class InBody(Access):
    """The scope is named in the body: the serializer or view asks `require_permission` once it is known."""

    must_ask: str = PERMISSION
    permission: str = ""
    on: str = ""

    def describe(self) -> str:
        return f"{self.permission} on {self.on} named in the request"


@dataclass(frozen=True)
class Self(Access):
    """The user the object belongs to (`owner` is an attribute path; empty: the object is the user), and staff."""

    owner: str = ""

    def check_object(self, request: Request, obj: Any) -> None:
        owner = scopes_of(obj, [self.owner])[0]
        if not request.user.is_staff and owner != request.user:
            raise PermissionDenied("Only the user concerned and staff may do this.")

    def describe(self) -> str:
        return "the user concerned, staff"
