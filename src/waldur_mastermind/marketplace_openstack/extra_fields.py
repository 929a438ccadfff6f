"""What OpenStack objects say of the marketplace, and what they ask it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from waldur_core.permissions.visibility import visible_to
from waldur_mastermind.marketplace.models import Offering, OfferingComponent, Resource


def marketplace_fields(objects: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """{pk: fields} of the objects that have a resource; one query per page."""
    by_uuid = {obj.uuid: obj.pk for obj in objects}
    components = OfferingComponent.objects.filter(offering=OuterRef("offering"))
    resources = (
        Resource.objects.filter(scope_uuid__in=by_uuid)
        .exclude(state=Resource.State.TERMINATED)
        .select_related("offering__category", "plan")
        .annotate(
            usage_based=Exists(components.filter(billing_type="usage")),
            limit_based=Exists(components.filter(billing_type="limit")),
        )
    )
    return {by_uuid[resource.scope_uuid]: _fields(resource) for resource in resources}


def _fields(resource: Any) -> dict[str, Any]:
    offering = resource.offering
    return {
        "marketplace_offering_uuid": offering.uuid.hex,
        "marketplace_offering_name": offering.name,
        "marketplace_offering_type": offering.type,
        "marketplace_offering_plugin_options": offering.plugin_options,
        "marketplace_category_uuid": offering.category.uuid.hex,
        "marketplace_category_name": offering.category.title,
        "marketplace_resource_uuid": resource.uuid.hex,
        "marketplace_plan_uuid": resource.plan.uuid.hex if resource.plan else None,
        "marketplace_resource_state": resource.state,
        "is_usage_based": resource.usage_based,
        "is_limit_based": resource.limit_based,
    }


def offering_scope(user: Any, uuid: UUID) -> Any:
    """The service settings or tenant of an offering that the user sees."""
    offering = visible_to(user, Offering.objects.filter(uuid=uuid)).first()
    return offering.scope if offering else None
