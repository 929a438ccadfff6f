"""Who works with whom: people with an active role on the same customer, or on projects of it."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, OuterRef, Q, QuerySet

from waldur_core.permissions.models import UserRole
from waldur_core.permissions.visibility import visibility
from waldur_core.structure.models.customers import Customer, Project

ALL = Q()


def teammates(user: Any) -> QuerySet[Any]:
    """Ids of the users who hold a role on a project or customer that `user` sees."""
    if not user.is_authenticated:
        return UserRole.objects.none().values("user_id")
    projects = Project.objects.filter(visibility(user, Project))
    customers = Customer.objects.filter(visibility(user, Customer))
    condition = Q(content_type=ContentType.objects.get_for_model(Project), object_id__in=projects.values("pk")) | Q(
        content_type=ContentType.objects.get_for_model(Customer), object_id__in=customers.values("pk")
    )
    return UserRole.objects.active().filter(condition).values("user_id")


def holders(scopes: QuerySet[Any]) -> QuerySet[Any]:
    """Ids of the users who hold a role on any of `scopes`."""
    content_type = ContentType.objects.get_for_model(scopes.model)
    grants = UserRole.objects.active().filter(content_type=content_type, object_id__in=scopes.values("pk"))
    return grants.values("user_id")


def scopes_held(user: Any, model: type[Model], condition: Q = ALL) -> QuerySet[Any]:
    """Ids of the `model` objects on which `user` holds an active role (that meets `condition` on the grant)."""
    content_type = ContentType.objects.get_for_model(model)
    grants = UserRole.objects.active().filter(condition, user=user, content_type=content_type)
    return grants.values("object_id")


def members_of_customers() -> Q:
    """The grants on the customer of the outer query, and on its projects."""
    projects = Project.objects.filter(customer=OuterRef(OuterRef("pk"))).values("pk")
    return Q(content_type__model="customer", object_id=OuterRef("pk")) | Q(
        content_type__model="project", object_id__in=projects
    )
