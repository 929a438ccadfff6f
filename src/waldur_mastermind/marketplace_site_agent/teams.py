"""Who works with a resource: the people with a role on its project."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from waldur_core.permissions.models import UserRole
from waldur_core.structure.models import Project, User
from waldur_mastermind.marketplace.models import Offering, Resource


def project_grants(projects: Iterable[Any] | QuerySet[Any]) -> QuerySet[Any]:
    """The roles that active people hold on any of the projects (or ids of projects)."""
    content_type = ContentType.objects.get_for_model(Project)
    active = UserRole.objects.active().filter(content_type=content_type, object_id__in=projects)
    found: QuerySet[Any] = active.filter(user__is_active=True).select_related("user", "role")
    return found


def strongest_grants(project: Project) -> list[UserRole]:
    """One grant for each person on the project: of the role that permits most."""
    strongest: dict[int, UserRole] = {}
    for grant in project_grants([project.pk]).order_by("user__username", "pk"):
        known = strongest.get(grant.user_id)
        if known is None or len(grant.role.permissions) > len(known.role.permissions):
            strongest[grant.user_id] = grant
    return list(strongest.values())


def projects_of(offering: Offering) -> QuerySet[Any]:
    """Ids of the projects that have something of the offering."""
    return Resource.objects.filter(offering=offering, state__in=Resource.ALIVE).values("project_id")


def users_of(offering: Offering) -> QuerySet[User]:
    """The people on the projects that have something of the offering."""
    return User.objects.filter(pk__in=project_grants(projects_of(offering)).values("user_id"))


def backend_ids(offering: Offering, users: Collection[int]) -> dict[int, list[str]]:
    """{pk of a user: backend ids of what he works with of the offering}; two queries."""
    known = Resource.objects.filter(offering=offering, state__in=Resource.ALIVE).exclude(backend_id="")
    of_project: dict[int, set[str]] = defaultdict(set)
    for project, backend_id in known.values_list("project_id", "backend_id"):
        of_project[project].add(backend_id)
    of_user: dict[int, set[str]] = defaultdict(set)
    for user, project in project_grants(of_project).filter(user__in=users).values_list("user_id", "object_id"):
        of_user[user] |= of_project[project]
    return {user: sorted(found) for user, found in of_user.items()}


def known_people(resource: Resource, names: Iterable[UUID | str]) -> dict[UUID | str, str]:
    """{uuid or user name at the service: uuid as text}, of those on the project or with an account; two queries."""
    wanted = set(names)
    accounts = resource.offering.offering_users.select_related("user")
    found: dict[UUID | str, str] = {}
    for user in [grant.user for grant in project_grants([resource.project_id])]:
        found[user.uuid] = found[user.username] = user.uuid.hex
    for account in accounts.filter(
        Q(username__in=[name for name in wanted if isinstance(name, str)])
        | Q(user__uuid__in=[name for name in wanted if isinstance(name, UUID)])
    ):
        found[account.user.uuid] = account.user.uuid.hex
        if account.username:
            found[account.username] = account.user.uuid.hex
    return found
