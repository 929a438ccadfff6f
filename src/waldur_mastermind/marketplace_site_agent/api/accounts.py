"""`/api/marketplace-project-service-accounts/` and `/api/marketplace-course-accounts/`: logins of projects."""

from typing import Any

import django_filters
from rest_framework import mixins, serializers

from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import MultiValueFilter, UUIDFilter
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace_site_agent.api.account_serializers import (
    CourseAccountSerializer,
    ProjectServiceAccountSerializer,
)
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_project_account
from waldur_mastermind.marketplace_site_agent.models import CourseAccount, ProjectServiceAccount

MANAGER = Holder(permission=Permission.PROJECT_UPDATE)


class AccountFilter(django_filters.FilterSet):
    """Without a model: the same for both kinds."""

    project_uuid = UUIDFilter(field_name="project__uuid")
    username = django_filters.CharFilter(lookup_expr="icontains")
    email = django_filters.CharFilter(lookup_expr="icontains")
    state = MultiValueFilter(field_name="state")


class AccountViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Those who manage a project make its accounts and close them."""

    filterset_class = AccountFilter
    ordering_fields = {"username": "username", "created": "created"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=Permission.PROJECT_UPDATE, on="the project"),
        "destroy": MANAGER,
    }
    kind = ""  # the word of the messages to agents

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        project = serializer.validated_data["project"]
        require_permission(self.request.user, Permission.PROJECT_UPDATE, [project, project.customer])
        tell_project_account(self.kind, serializer.save(), "create")

    def perform_destroy(self, account: Any) -> None:
        """A closed account stays listed, so that agents that were away learn of it."""
        account.state = account.State.CLOSED
        account.save(update_fields=["state", "modified"])
        tell_project_account(self.kind, account, "delete")


class ProjectServiceAccountViewSet(AccountViewSet):
    """The logins of programs that work for your projects."""

    queryset = ProjectServiceAccount.objects.select_related("project__customer")
    serializer_class = ProjectServiceAccountSerializer
    kind = "service_account"


class CourseAccountViewSet(AccountViewSet):
    """The logins of participants of the courses that your projects hold."""

    queryset = CourseAccount.objects.select_related("project__customer")
    serializer_class = CourseAccountSerializer
    kind = "course_account"
