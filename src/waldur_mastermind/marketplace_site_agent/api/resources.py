"""`team/` of a resource: the people on its project, with their accounts at its service."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Holder, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import link_to
from waldur_core.rest.views import GenericViewSet
from waldur_mastermind.marketplace.api.access import provider
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.sight import as_provider
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_site_agent.attributes import exposed
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_resource
from waldur_mastermind.marketplace_site_agent.models import OfferingUser
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT
from waldur_mastermind.marketplace_site_agent.teams import strongest_grants


class ProjectUserSerializer(serializers.Serializer[Any]):
    """A person on the project of a resource, by the role that permits most."""

    url = serializers.SerializerMethodField()
    uuid = serializers.UUIDField(source="user.uuid", format="hex")
    username = serializers.CharField(source="user.username")
    full_name = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField()
    role = serializers.CharField(source="role.name")
    expiration_time = serializers.DateTimeField(allow_null=True)
    offering_user_username = serializers.SerializerMethodField()
    offering_user_state = serializers.SerializerMethodField()
    sync_state = serializers.SerializerMethodField()
    sync_message = serializers.SerializerMethodField()
    sync_reported_at = serializers.SerializerMethodField()

    def get_url(self, grant: Any) -> str:
        return link_to("user-detail", grant.user.uuid, self.context)

    def get_full_name(self, grant: Any) -> str:
        return grant.user.full_name if "full_name" in self.context["exposed"] else ""

    def get_email(self, grant: Any) -> str:
        return grant.user.email if "email" in self.context["exposed"] else ""

    def get_offering_user_username(self, grant: Any) -> str | None:
        account = self.context["accounts"].get(grant.user_id)
        return account.username or None if account else None

    def get_offering_user_state(self, grant: Any) -> str | None:
        account = self.context["accounts"].get(grant.user_id)
        return account.state if account else None

    def get_sync_state(self, grant: Any) -> str | None:
        """Whether the service has let the person in, as the agent has last told."""
        return self._told(grant, "state")

    def get_sync_message(self, grant: Any) -> str | None:
        return self._told(grant, "message")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_sync_reported_at(self, grant: Any) -> Any:
        return self.context["report"].reported if self._told(grant, "state") else None

    def _told(self, grant: Any, key: str) -> str | None:
        status = self.context["told"].get((grant.user.uuid.hex, grant.role.name))
        return str(status[key]) if status else None


class TeamViewSet(GenericViewSet):
    """The people on the project of a resource."""

    queryset = Resource.objects.select_related(
        "project", "offering__customer", "offering__attribute_config", "membership_report"
    )
    serializer_class = ProjectUserSerializer

    @extend_schema(
        parameters=[OpenApiParameter("has_consent", OpenApiTypes.BOOL, description="Everybody has, by ordering.")],
        responses=ProjectUserSerializer(many=True),
        filters=False,
    )
    @action(detail=True, pagination_class=None)
    def team(self, request: Request, uuid: str) -> Response:
        """Who works with it; all at once."""
        resource = self.get_object()
        grants = strongest_grants(resource.project)
        report = getattr(resource, "membership_report", None)
        accounts = OfferingUser.objects.filter(offering=resource.offering, user__in=[g.user_id for g in grants])
        context = {
            **self.get_serializer_context(),
            "accounts": {account.user_id: account for account in accounts},
            "exposed": exposed(resource.offering),
            "report": report,
            "told": {(status["user"], status["role_name"]): status for status in report.statuses} if report else {},
        }
        return Response(ProjectUserSerializer(grants, many=True, context=context).data)

    @extend_schema(request=None, responses={202: MarketplaceStatusSerializer})
    @action(detail=True, methods=["post"])
    def pull(self, request: Request, uuid: str) -> Response:
        """Ask the agents to look after the resource now."""
        resource = self.get_object()
        if resource.offering.type != SITE_AGENT:
            raise Conflict("No agent looks after this resource.")
        tell_resource(resource)
        return Response({"status": "The agents have been asked."}, status=status.HTTP_202_ACCEPTED)


class ConsumerResourceTeamViewSet(TeamViewSet):
    """As members of the project ask."""

    access = {"team": Visible(), "pull": Holder(permission=Permission.RESOURCE_UPDATE)}


class ProviderResourceTeamViewSet(TeamViewSet):
    """As the provider and his agents ask."""

    access = {
        "team": provider(Permission.RESOURCE_LIST_USERS),
        "pull": provider(Permission.RESOURCE_SET_BACKEND_METADATA),
    }

    def get_queryset(self) -> QuerySet[Resource]:
        return as_provider(self.request.user, super().get_queryset(), "offering")
