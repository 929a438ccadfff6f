"""What agents ask of their offering beyond what the marketplace shows: user attributes, accounts of projects."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import HexUUIDField
from waldur_core.rest.views import GenericViewSet
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.provider_offerings import holder
from waldur_mastermind.marketplace.api.sight import as_provider
from waldur_mastermind.marketplace.models import Offering, Resource
from waldur_mastermind.marketplace_site_agent.api.account_serializers import (
    CourseAccountSerializer,
    ProjectServiceAccountSerializer,
)
from waldur_mastermind.marketplace_site_agent.attributes import ATTRIBUTES, DEFAULT
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell
from waldur_mastermind.marketplace_site_agent.models import AttributeConfig, CourseAccount, ProjectServiceAccount
from waldur_mastermind.marketplace_site_agent.teams import projects_of


class AttributeConfigSerializer(serializers.Serializer[Any]):
    """Which attributes of users the service is told: `expose_<attribute>` for each that users have."""

    uuid = HexUUIDField(read_only=True)
    created = serializers.DateTimeField(read_only=True)
    modified = serializers.DateTimeField(read_only=True)
    exposed_fields = serializers.ListField(child=serializers.CharField(), read_only=True)
    is_default = serializers.BooleanField(read_only=True)
    offering_uuid = HexUUIDField(source="offering.uuid", read_only=True)
    offering_name = serializers.CharField(source="offering.name", read_only=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        flags = {f"expose_{name}": serializers.BooleanField(required=False, write_only=True) for name in ATTRIBUTES}
        return {**super().get_fields(), **flags}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        flags = {f"expose_{name}": name in instance.exposed_fields for name in ATTRIBUTES}
        return {**super().to_representation(instance), **flags}


class UniquenessSerializer(serializers.Serializer[Any]):
    backend_id = serializers.CharField(max_length=255)
    check_all_offerings = serializers.BooleanField(required=False, default=False)


class UniquenessAnswerSerializer(serializers.Serializer[Any]):
    is_unique = serializers.BooleanField()


def config_of(offering: Offering) -> AttributeConfig:
    """The offering's configuration; as it would be, when nobody has written one yet."""
    found = AttributeConfig.objects.filter(offering=offering).first()
    config = found or AttributeConfig(
        uuid=offering.uuid,
        created=offering.created,
        modified=offering.modified,
        offering=offering,
        exposed_fields=list(DEFAULT),
    )
    config.is_default = found is None  # type: ignore[attr-defined]
    return config


class AgentOfferingViewSet(GenericViewSet):
    """Further questions about the offerings you provide."""

    queryset = Offering.objects.select_related("customer")
    serializer_class = AttributeConfigSerializer
    access = {
        "user_attribute_config": holder(Permission.OFFERING_UPDATE),
        "update_user_attribute_config": holder(Permission.OFFERING_UPDATE),
        "delete_user_attribute_config": holder(Permission.OFFERING_UPDATE),
        "list_project_service_accounts": holder(Permission.RESOURCE_LIST_USERS),
        "list_course_accounts": holder(Permission.RESOURCE_LIST_USERS),
        "check_unique_backend_id": holder(Permission.RESOURCE_SET_BACKEND_ID),
        "sync_resources": holder(Permission.OFFERING_UPDATE),
    }

    def get_queryset(self) -> QuerySet[Offering]:
        return as_provider(self.request.user, super().get_queryset())

    @extend_schema(responses=AttributeConfigSerializer, filters=False)
    @action(detail=True, url_path="user-attribute-config")
    def user_attribute_config(self, request: Request, uuid: str) -> Response:
        """Which attributes of users the service is told."""
        return self._config(self.get_object())

    @extend_schema(request=AttributeConfigSerializer, responses=AttributeConfigSerializer)
    @action(detail=True, methods=["post", "put", "patch"], url_path="update-user-attribute-config")
    def update_user_attribute_config(self, request: Request, uuid: str) -> Response:
        """Say which attributes of users the service needs; those not named stay as they are."""
        offering = self.get_object()
        wanted = read(AttributeConfigSerializer(data=request.data))
        before = config_of(offering).exposed_fields
        after = [name for name in ATTRIBUTES if wanted.get(f"expose_{name}", name in before)]
        AttributeConfig.objects.update_or_create(offering=offering, defaults={"exposed_fields": after})
        return self._config(offering)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["delete"], url_path="delete-user-attribute-config")
    def delete_user_attribute_config(self, request: Request, uuid: str) -> Response:
        """Go back to the usual attributes."""
        AttributeConfig.objects.filter(offering=self.get_object()).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _config(self, offering: Offering) -> Response:
        return Response(AttributeConfigSerializer(config_of(offering)).data)

    @extend_schema(responses=ProjectServiceAccountSerializer(many=True), filters=False)
    @action(detail=True)
    def list_project_service_accounts(self, request: Request, uuid: str) -> Response:
        """The service accounts of the projects that have something of the offering."""
        return self._accounts(ProjectServiceAccount, ProjectServiceAccountSerializer)

    @extend_schema(responses=CourseAccountSerializer(many=True), filters=False)
    @action(detail=True)
    def list_course_accounts(self, request: Request, uuid: str) -> Response:
        """The course accounts of the projects that have something of the offering."""
        return self._accounts(CourseAccount, CourseAccountSerializer)

    def _accounts(self, model: Any, serializer_class: Any) -> Response:
        rows = model.objects.filter(project__in=projects_of(self.get_object())).select_related("project__customer")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(
            serializer_class(page, many=True, context=self.get_serializer_context()).data
        )

    @extend_schema(request=UniquenessSerializer, responses=UniquenessAnswerSerializer)
    @action(detail=True, methods=["post"])
    def check_unique_backend_id(self, request: Request, uuid: str) -> Response:
        """Whether no resource of the offering (or of any of its provider's) has this backend id."""
        offering = self.get_object()
        asked = read(UniquenessSerializer(data=request.data))
        rows = Resource.objects.filter(backend_id=asked["backend_id"])
        everywhere = asked["check_all_offerings"]
        rows = rows.filter(offering__customer=offering.customer) if everywhere else rows.filter(offering=offering)
        return Response({"is_unique": not rows.exists()})

    @extend_schema(request=None, responses={202: MarketplaceStatusSerializer})
    @action(detail=True, methods=["post"])
    def sync_resources(self, request: Request, uuid: str) -> Response:
        """Ask the agents to look after all resources of the offering now."""
        offering, user = self.get_object(), request.user
        content = {"offering_uuid": offering.uuid.hex, "requested_by_user_uuid": user.uuid.hex}  # type: ignore[union-attr]
        tell(offering, "offering_resources_sync", content)
        return Response({"status": "The agents have been asked."}, status=status.HTTP_202_ACCEPTED)
