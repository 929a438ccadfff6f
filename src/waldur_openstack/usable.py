"""Which tenants a request speaks of, and what of the catalogue they may use."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.links import parse_link
from waldur_openstack.models import Tenant


def usable_in_tenant_given_as(value: str, queryset: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Narrow a catalogue to what the tenant given as URL or uuid may use; empty when the user sees no such tenant."""
    try:
        link = parse_link(value)
    except ValueError as error:
        raise ValidationError({"tenant_uuid": ["Enter a valid UUID."]}) from error
    tenant = visible_to(user, Tenant.objects.filter(uuid=link.uuid)).first() if link else None
    return queryset.filter(queryset.model.usable_in(tenant)) if tenant else queryset.none()


def uuid_given_as(value: str) -> UUID | None:
    """The uuid in a URL, or written as such; None when there is none."""
    try:
        link = parse_link(value)
    except ValueError:
        return None
    return link.uuid if link else None
