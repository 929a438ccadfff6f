"""`/api/backend-resource-requests/` and `/api/backend-resources/`: what there is at a service, unknown to us."""

from typing import Any

import django_filters
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedUUIDField, link_to
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import Project
from waldur_mastermind.marketplace.api.fields import MarketplaceStatusSerializer, ObjectField
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace.api.order_serializers import OrderErrorSerializer
from waldur_mastermind.marketplace.api.resource_serializers import ResourceSerializer, with_everything
from waldur_mastermind.marketplace.models import Offering, Plan, Resource
from waldur_mastermind.marketplace_site_agent.api.access import agent
from waldur_mastermind.marketplace_site_agent.imports import check_unknown, import_resource, known_projects
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell
from waldur_mastermind.marketplace_site_agent.models import BackendResource, BackendResourceRequest
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT

LIST = Permission.RESOURCE_LIST_IMPORTABLE
IMPORTABLE = Offering.objects.filter(type=SITE_AGENT).select_related("customer")
State = BackendResourceRequest.State


class OfOfferingSerializer(ModelSerializer):
    """What both have: the offering, of which one may list what can be imported."""

    offering = RelatedUUIDField(queryset=IMPORTABLE)
    offering_name = serializers.CharField(source="offering.name", read_only=True)
    offering_url = serializers.SerializerMethodField()

    def get_offering_url(self, row: Any) -> str:
        return link_to("marketplace-provider-offering-detail", row.offering.uuid, self.context)

    def validate_offering(self, offering: Offering) -> Offering:
        require_permission(self.context["request"].user, LIST, [offering, offering.customer])
        return offering


class BackendResourceReqSerializer(OfOfferingSerializer):
    url = LinkField("backend-resource-request-detail")

    class Meta:
        model = BackendResourceRequest
        fields = (
            "url", "uuid", "created", "modified", "started", "finished", "state", "offering", "offering_name",
            "offering_url", "error_message", "error_traceback",
        )  # fmt: skip
        read_only_fields = ("started", "finished", "state", "error_message", "error_traceback")


class ProjectField(RelatedUUIDField):
    """A project that the offering's provider knows; `validate` below asks."""

    def to_internal_value(self, data: Any) -> Any:
        return self._uuid(str(data), Project)


class BackendResourceSerializer(OfOfferingSerializer):
    url = LinkField("backend-resource-detail")
    project = ProjectField(queryset=Project.objects.all())
    project_name = serializers.CharField(source="project.name", read_only=True)
    project_url = serializers.SerializerMethodField()
    backend_id = serializers.CharField(max_length=255)
    backend_metadata = ObjectField(required=False)

    class Meta:
        model = BackendResource
        fields = (
            "url", "uuid", "name", "created", "modified", "project", "project_name", "project_url", "offering",
            "offering_name", "offering_url", "backend_id", "backend_metadata",
        )  # fmt: skip
        validators = ()

    def get_project_url(self, row: Any) -> str:
        return link_to("project-detail", row.project.uuid, self.context)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        offering, user = attrs["offering"], self.context["request"].user
        project = known_projects(offering, user).filter(uuid=attrs["project"]).first()
        if project is None:
            raise serializers.ValidationError({"project": ["There is no such project, or it is not known to you."]})
        check_unknown(offering, project, attrs["backend_id"])
        if BackendResource.objects.filter(offering=offering, backend_id=attrs["backend_id"]).exists():
            raise serializers.ValidationError({"backend_id": ["This has been found already."]})
        return {**attrs, "project": project}


class ImportSerializer(serializers.Serializer[Any]):
    plan = RelatedUUIDField(queryset=Plan.objects.all(), required=False, allow_null=True)


class OfOfferingFilter(django_filters.FilterSet):
    offering_uuid = UUIDFilter(field_name="offering__uuid")


class BackendResourceFilter(OfOfferingFilter):
    name = django_filters.CharFilter(lookup_expr="icontains")
    name_exact = django_filters.CharFilter(field_name="name")
    backend_id = django_filters.CharFilter()
    project_uuid = UUIDFilter(field_name="project__uuid")

    class Meta:
        model = BackendResource
        fields = ()


class BackendResourceRequestFilter(OfOfferingFilter):
    state = MultiValueFilter(field_name="state")

    class Meta:
        model = BackendResourceRequest
        fields = ()


class BackendResourceRequestViewSet(mixins.CreateModelMixin, ReadOnlyViewSet):
    """Questions to the agents of your offerings what there is at their service."""

    queryset = BackendResourceRequest.objects.select_related("offering__customer")
    serializer_class = BackendResourceReqSerializer
    filterset_class = BackendResourceRequestFilter
    ordering_fields = {"created": "created", "state": "state"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=LIST, on="the offering"),
        **dict.fromkeys(("start_processing", "set_done", "set_erred"), agent("offering", LIST)),
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        asked = serializer.save()
        tell(asked.offering, "importable_resources", {"backend_resource_request_uuid": asked.uuid.hex})

    @extend_schema(request=None, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def start_processing(self, request: Request, uuid: str) -> Response:
        """The agent is looking."""
        return self._enter(self.get_object(), State.PROCESSING, "The agent is looking.", started=timezone.now())

    @extend_schema(request=None, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_done(self, request: Request, uuid: str) -> Response:
        """The agent has told everything it found."""
        return self._enter(self.get_object(), State.DONE, "Everything has been told.", finished=timezone.now())

    @extend_schema(request=OrderErrorSerializer, responses=MarketplaceStatusSerializer)
    @action(detail=True, methods=["post"])
    def set_erred(self, request: Request, uuid: str) -> Response:
        """The agent could not look, and why."""
        asked, told = self.get_object(), read(OrderErrorSerializer(data=request.data))
        return self._enter(asked, State.ERRED, "The reason has been noted.", finished=timezone.now(), **told)

    def _enter(self, asked: BackendResourceRequest, state: str, sentence: str, **columns: Any) -> Response:
        asked.enter(state, **columns)
        return Response({"status": sentence})


class BackendResourceViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """What agents found at the services of your offerings."""

    queryset = BackendResource.objects.select_related("offering__customer", "project__customer")
    serializer_class = BackendResourceSerializer
    filterset_class = BackendResourceFilter
    ordering_fields = {"created": "created", "name": "name"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=LIST, on="the offering"),
        "destroy": agent("offering", LIST),
        "import_resource": Holder(permission=LIST, on=("offering.customer",)),
    }

    @extend_schema(request=ImportSerializer, responses={201: ResourceSerializer})
    @action(detail=True, methods=["post"])
    def import_resource(self, request: Request, uuid: str) -> Response:
        """Make it a resource of its project, on a plan."""
        found = self.get_object()
        plan = read(ImportSerializer(data=request.data, context=self.get_serializer_context())).get("plan")
        resource = import_resource(found, plan, request.user)
        fresh = with_everything(Resource.objects.filter(pk=resource.pk)).get()
        answer = ResourceSerializer(fresh, context=self.get_serializer_context()).data
        return Response(answer, status=status.HTTP_201_CREATED)
