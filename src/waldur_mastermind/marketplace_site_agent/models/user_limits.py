from typing import ClassVar

from django.db import models

from waldur_core.models import IdentifiedModel
from waldur_mastermind.marketplace.models import OfferingComponent, Resource
from waldur_mastermind.marketplace_site_agent.models.offering_users import OfferingUser


class UserUsageLimit(IdentifiedModel):
    """How much of a component one user may use of a resource."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="user_limits")
    component = models.ForeignKey(OfferingComponent, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(OfferingUser, on_delete=models.CASCADE, related_name="limits")
    limit = models.DecimalField(max_digits=20, decimal_places=2, help_text="In units of the component.")

    visible_through: ClassVar[tuple[str, ...]] = (
        "resource__project",
        "resource__project__customer",
        "resource__offering",
        "resource__offering__customer",
    )

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("resource", "component", "user"), name="one_limit_per_user_component_and_resource"
            ),
        )
