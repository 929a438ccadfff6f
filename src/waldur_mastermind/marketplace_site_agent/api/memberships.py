"""`set_membership_sync_statuses/` of a resource: whom of its team the service has let in."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.serializers import HexUUIDField
from waldur_core.rest.views import GenericViewSet
from waldur_mastermind.marketplace.api.access import provider
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.sight import as_provider
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace_site_agent.models import MembershipReport
from waldur_mastermind.marketplace_site_agent.teams import known_people

OPTION = "enable_membership_sync_status"
STATES = ("synced", "pending", "missing_in_idp", "error")
LARGEST = 10_000  # entries of one report


class MemberStatusSerializer(serializers.Serializer[Any]):
    """One person with one role; named by `user_uuid`, or by `username` at the service."""

    scope_type = serializers.ChoiceField(choices=("resource", "resource_project"))
    resource_project_uuid = HexUUIDField(required=False, allow_null=True)
    role_name = serializers.CharField(max_length=150)
    state = serializers.ChoiceField(choices=STATES)
    username = serializers.CharField(max_length=150, required=False, allow_blank=True, default="")
    user_uuid = HexUUIDField(required=False, allow_null=True, default=None)
    message = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["username"] and not attrs["user_uuid"]:
            raise serializers.ValidationError("Name the person by user_uuid or username.")
        return attrs


class MembershipReportSerializer(serializers.Serializer[Any]):
    statuses = MemberStatusSerializer(many=True, max_length=LARGEST)  # type: ignore[call-arg]


class MembershipReportResultSerializer(serializers.Serializer[Any]):
    stored = serializers.IntegerField()
    skipped = serializers.ListField(child=serializers.CharField(), help_text="Whom the marketplace does not know.")


class MembershipReportViewSet(GenericViewSet):
    """What the provider's agent tells of the team of a resource."""

    queryset = Resource.objects.select_related("project__customer", "offering__customer")
    serializer_class = MembershipReportSerializer
    access = {"set_membership_sync_statuses": provider(Permission.RESOURCE_SET_STATE)}

    def get_queryset(self) -> QuerySet[Resource]:
        return as_provider(self.request.user, super().get_queryset(), "offering")

    @extend_schema(request=MembershipReportSerializer, responses=MembershipReportResultSerializer)
    @action(detail=True, methods=["post"])
    def set_membership_sync_statuses(self, request: Request, uuid: str) -> Response:
        """The whole team's statuses: what was told before is forgotten. 409 unless the offering has opted in."""
        resource = self.get_object()
        if not resource.offering.plugin_options.get(OPTION):
            raise Conflict(f"The offering does not take these reports: set {OPTION} in its plugin_options.")
        told = read(MembershipReportSerializer(data=request.data))["statuses"]
        people = known_people(resource, [entry["user_uuid"] or entry["username"] for entry in told])
        statuses: dict[tuple[str, str], dict[str, str]] = {}
        skipped: list[str] = []
        for entry in told:
            named = entry["user_uuid"] or entry["username"]
            user = people.get(named) if entry["scope_type"] == "resource" else None  # resources have no parts here
            if user is None:
                skipped.append(getattr(named, "hex", named))
                continue
            told_of = {name: entry[name] for name in ("role_name", "state", "message")}
            statuses[user, entry["role_name"]] = {"user": user, **told_of}
        report = {"reported": timezone.now(), "statuses": list(statuses.values())}
        MembershipReport.objects.update_or_create(resource=resource, defaults=report)
        return Response({"stored": len(statuses), "skipped": skipped})
