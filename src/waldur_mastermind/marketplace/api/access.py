"""Rules of access that only the marketplace has."""

from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from waldur_core.permissions.access import Access, Holder
from waldur_core.permissions.asked import PERMISSION
from waldur_core.permissions.strings import Permission
from waldur_mastermind.marketplace.orders.approval import may_approve

PROVIDER = ("offering", "offering.customer")
EVERYBODY = ("project", "project.customer", "offering", "offering.customer")


@dataclass(frozen=True)
class ConsumerReviewer(Access):
    """Whoever may approve the order for the consumer: the rule depends on whether the offering is shared."""

    must_ask: str = PERMISSION

    def check_object(self, request: Request, obj: Any) -> None:
        if not may_approve(obj, request.user):
            raise PermissionDenied("You may not approve or reject this order.")

    def describe(self) -> str:
        return "ORDER.APPROVE on project or project.customer; for private offerings also ORDER.APPROVE_PRIVATE"


def provider(permission: Permission) -> Holder:
    """Holders of a permission on the offering or its customer."""
    return Holder(permission=permission, on=PROVIDER)


def either_side(permission: Permission) -> Holder:
    """Holders of a permission on the consumer's or on the provider's side."""
    return Holder(permission=permission, on=EVERYBODY)
