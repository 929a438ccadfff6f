"""What exists in a provider's service and is no resource yet: listing it, and making one of it."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import RelatedLinkField
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.api.fields import ObjectField, PlanLinkField
from waldur_mastermind.marketplace.api.resource_serializers import ResourceSerializer, with_everything
from waldur_mastermind.marketplace.models import Offering, Plan, Resource
from waldur_mastermind.marketplace.orders import checks
from waldur_mastermind.marketplace.plugins import ImportRequest, plugin_for


class ImportableResourceSerializer(serializers.Serializer[Any]):
    backend_id = serializers.CharField(help_text="How the service calls it.")
    name = serializers.CharField()
    type = serializers.CharField(help_text="The type of the offering that it would become a resource of.")
    description = serializers.CharField()


class ImportResourceSerializer(serializers.Serializer[Any]):
    """What to import, for which project, on which plan."""

    backend_id = serializers.CharField(max_length=255)
    project = RelatedLinkField(
        "project-detail", queryset=Project.objects.select_related("customer"), required=False, allow_null=True,
        help_text="May be left out when the offering is for one project only.",
    )  # fmt: skip
    plan = PlanLinkField(queryset=Plan.objects.all(), required=False, allow_null=True, default=None)
    additional_details = ObjectField(required=False, default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["project"] = attrs.get("project") or self.context["offering"].project
        if attrs["project"] is None:
            raise ValidationError({"project": ["Name the project that gets the resource."]})
        return attrs


class OfferingImportsMixin:
    """The one who imports needs the permission on the offering and on the project that pays."""

    @extend_schema(responses=ImportableResourceSerializer(many=True), filters=False)
    @action(detail=True, filterset_class=None)
    def importable_resources(self, request: Request, uuid: str) -> Response:
        """What the service has and we do not, asked of the service itself."""
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        page = self.paginate_queryset(plugin_for(offering).importable(offering))  # type: ignore[attr-defined]
        serializer = ImportableResourceSerializer(page, many=True)
        return self.get_paginated_response(serializer.data)  # type: ignore[attr-defined]

    @extend_schema(request=ImportResourceSerializer, responses={201: ResourceSerializer})
    @action(detail=True, methods=["post"])
    def import_resource(self, request: Request, uuid: str) -> Response:
        """Make a resource of something that exists; it is Creating until everything inside is known, too."""
        offering: Offering = self.get_object()  # type: ignore[attr-defined]
        context = self.get_serializer_context()  # type: ignore[attr-defined]
        serializer = ImportResourceSerializer(data=request.data, context={**context, "offering": offering})
        serializer.is_valid(raise_exception=True)
        asked = _request(offering, request.user, serializer.validated_data)
        found = plugin_for(offering).find_importable(asked)
        with transaction.atomic():
            resource = plugin_for(offering).import_resource(asked, found)
        (shown,) = with_everything(Resource.objects.filter(pk=resource.pk))
        return Response(ResourceSerializer(shown, context=context).data, status=status.HTTP_201_CREATED)


def _request(offering: Offering, user: Any, fields: dict[str, Any]) -> ImportRequest:
    """The checked request: 403 when the project is another's affair, 400 on the field that is wrong."""
    project, plan = fields["project"], fields["plan"]
    require_permission(user, Permission.RESOURCE_LIST_IMPORTABLE, [project, project.customer])
    plugin = plugin_for(offering)
    if plan is not None and not plugin.needs_plan:
        raise ValidationError({"plan": ["This offering has no plans."]})
    with transaction.atomic():  # some checks lock
        checks.check_plan(offering, plan, plugin)
        checks.check_consumer(project)
        checks.check_audience(offering, project)
        checks.check_resource_count(offering, project)
    return ImportRequest(offering, fields["backend_id"], project, plan, user, fields["additional_details"])
