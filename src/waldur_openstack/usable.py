"""Which tenants a request speaks of, and what of the catalogue they may use."""

from typing import Any
from urllib.parse import urlparse
from uuid import UUID

from django.db.models import QuerySet
from django.urls import Resolver404, resolve
from rest_framework.exceptions import ValidationError

from waldur_core.permissions.visibility import visible_to
from waldur_openstack.models import Tenant


def usable_in_tenant_given_as(value: str, queryset: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Narrow a catalogue to what the tenant given as URL or uuid may use; empty when the user sees no such tenant."""
    try:
        uuid = _uuid(value)
    except (Resolver404, KeyError):
        return queryset.none()
    except ValueError as error:
        raise ValidationError({"tenant_uuid": ["Enter a valid UUID."]}) from error
    tenant = visible_to(user, Tenant.objects.filter(uuid=uuid)).first()
    return queryset.filter(queryset.model.usable_in(tenant)) if tenant else queryset.none()


def uuid_given_as(value: str) -> UUID | None:
    """The uuid in a URL, or written as such; None when there is none."""
    try:
        return _uuid(value)
    except (Resolver404, KeyError, ValueError):
        return None


def _uuid(value: str) -> UUID:
    return UUID(resolve(urlparse(value).path).kwargs["uuid"]) if "/" in value else UUID(value)
