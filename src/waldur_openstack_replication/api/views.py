"""`/api/openstack-migrations/`: plan, apply, watch, retry, take back."""

from typing import Any

import django_filters
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request as HttpRequest
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.operations import start
from waldur_core.operations.messages import wake
from waldur_core.operations.models import Operation
from waldur_core.permissions.access import InBody, Self, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import MultiValueFilter, UUIDFilter
from waldur_core.rest.views import GenericViewSet, ListMixin
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import StatusSerializer
from waldur_openstack.api.identity.creation import require_free_name
from waldur_openstack_replication.api.mappings import as_json, wishes_from
from waldur_openstack_replication.api.progress import attach_progress
from waldur_openstack_replication.api.requests import MigrationCreateSerializer, check_new_limits
from waldur_openstack_replication.api.serializers import (
    MigrationItemSerializer,
    MigrationPlanSerializer,
    MigrationSerializer,
    MigrationUpdateSerializer,
)
from waldur_openstack_replication.models import Migration, MigrationItem
from waldur_openstack_replication.preparing import Prepared
from waldur_openstack_replication.rows import Request, has_made_nothing
from waldur_openstack_replication.workflows import RollBack, Run
from waldur_openstack_replication.workflows.rollback import hold

AT_REST = require_state(CoreState.OK, CoreState.ERRED)
CREATOR = Self(owner="created_by")


class MigrationFilter(django_filters.FilterSet):
    src_resource_uuid = UUIDFilter(field_name="src_resource__uuid")
    dst_resource_uuid = UUIDFilter(field_name="dst_resource__uuid")
    state = MultiValueFilter(field_name="state")

    class Meta:
        model = Migration
        fields = ()


class MigrationItemFilter(django_filters.FilterSet):
    state = MultiValueFilter(field_name="state")
    kind = MultiValueFilter(field_name="kind")


class MigrationViewSet(
    ListMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet,
):
    """Tenants on their way to other clouds. You see those that you have begun; staff sees all."""

    queryset = Migration.objects.select_related(
        "created_by", "src_resource__offering", "dst_resource__offering", "dst_resource__project__customer"
    )
    serializer_class = MigrationSerializer
    filterset_class = MigrationFilter
    ordering_fields = {"created": "created", "modified": "modified", "state": "state"}
    non_atomic = frozenset({"create", "plan", "update", "partial_update"})
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "report": Visible(),
        "create": InBody(permission=Permission.ORDER_APPROVE, on="project of the source"),
        "plan": InBody(permission=Permission.ORDER_APPROVE, on="project of the source"),
        "update": CREATOR,
        "partial_update": CREATOR,
        "destroy": CREATOR,
        "run": CREATOR,
        "retry": CREATOR,
        "rollback": CREATOR,
    }
    preconditions = {
        "destroy": (AT_REST,),
        "rollback": (AT_REST,),
        "retry": (require_state(CoreState.ERRED),),
        "run": (require_state(CoreState.CREATION_SCHEDULED),),
    }
    workflows = {"create": Run.name, "retry": (Run.name, RollBack.name), "rollback": RollBack.name}

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        if self.action == "list" and self.request.method != "HEAD":
            attach_progress(page or ())
        return page

    @extend_schema(responses=MigrationSerializer)
    def retrieve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """The migration as it is now: counts per kind, current step, estimate, verification."""
        return Response(self._shown(self.get_object()))

    @extend_schema(request=MigrationCreateSerializer, responses={201: MigrationSerializer})
    def create(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Plan a migration and begin it. With the `fingerprint` of a plan: 409 when the source has changed since."""
        prepared, given = self._prepared(request)
        if given.get("fingerprint") not in (None, prepared.plan.fingerprint):
            raise Conflict("The source has changed since this plan was made. Ask for a new plan.")
        with transaction.atomic():
            try:
                require_free_name(prepared.asked.service, prepared.asked.name)
            except ValidationError as error:
                raise ValidationError({"name": error.detail}) from error
            migration = prepared.begin()
        return Response(self._shown(migration), status=status.HTTP_201_CREATED)

    @extend_schema(request=MigrationCreateSerializer, responses=MigrationPlanSerializer)
    @action(detail=False, methods=["post"])
    def plan(self, request: HttpRequest) -> Response:
        """What a migration would make: names, addresses, what is left out and why. Nothing is touched."""
        prepared, _ = self._prepared(request)
        return Response(MigrationPlanSerializer(prepared.as_json()).data)

    @extend_schema(request=MigrationUpdateSerializer, responses=MigrationSerializer)
    def update(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Other mappings and so another plan, as long as nothing has been made; else 409."""
        migration = self.get_object()
        if not has_made_nothing(migration):
            raise Conflict("Something has been made already; the mappings cannot be changed any more.")
        serializer = MigrationUpdateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if (mappings := serializer.validated_data.get("mappings")) is not None:
            self._replan(migration, mappings)
        return Response(self._shown(self.get_object()))

    @extend_schema(request=MigrationUpdateSerializer, responses=MigrationSerializer)
    def partial_update(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """The same as PUT."""
        return self.update(request, *args, **kwargs)

    def destroy(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Forget the migration. What it made stays; one that is at work answers 409."""
        self.get_object().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=StatusSerializer)
    @action(detail=True, methods=["post"])
    def run(self, request: HttpRequest, uuid: str) -> Response:
        """Begin, for clients that expect to have to say so: migrations begin by themselves. 409 once it has begun."""
        operation = Operation.objects.filter(subject_uuid=self.get_object().uuid, state__in=Operation.LIVE).first()
        if operation is None:
            raise Conflict("There is nothing to run.")
        wake(operation)
        return self._scheduled("The migration begins.")

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: HttpRequest, uuid: str) -> Response:
        """Go on where it stopped: what is there is not made again, what failed is tried again."""
        operation = Operation.objects.filter(subject_uuid=self.get_object().uuid).order_by("-pk").first()
        if operation is None:
            raise Conflict("There is nothing to retry.")
        start.retry(operation, user=request.user)
        return self._scheduled("The migration goes on.", status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def rollback(self, request: HttpRequest, uuid: str) -> Response:
        """Remove what the migration made, and nothing else."""
        migration = self.get_object()
        if migration.rolled_back:
            raise Conflict("The migration has been rolled back already.")
        if migration.tenant is None:
            raise Conflict("The tenant of this migration does not exist any more.")
        tenant = migration.tenant
        hold(migration)
        start.start(RollBack, migration, user=request.user, parameters={"tenant": tenant.uuid.hex})
        return self._scheduled("The migration is taken back.", status.HTTP_202_ACCEPTED)

    @extend_schema(responses=MigrationItemSerializer(many=True))
    @action(detail=True, filterset_class=MigrationItemFilter, ordering_fields={})  # the order is that of the plan
    def report(self, request: HttpRequest, uuid: str) -> Response:
        """Object by object: created, adopted, skipped or failed, with the reason."""
        items = MigrationItem.objects.filter(migration=self.get_object())
        page = self.paginate_queryset(self.filter_queryset(items))
        return self.get_paginated_response(MigrationItemSerializer(page, many=True).data)

    # ----------------------------------------------------------------------------------------------------------------

    def _prepared(self, request: HttpRequest) -> tuple[Prepared, dict[str, Any]]:
        with transaction.atomic():  # for the locks of the checks
            serializer = MigrationCreateSerializer(data=request.data, context=self.get_serializer_context())
            serializer.is_valid(raise_exception=True)
        return self._planned(serializer.validated_data["asked"]), serializer.validated_data

    def _planned(self, asked: Request) -> Prepared:
        prepared = Prepared(asked)
        check_new_limits(asked, prepared.destination)
        return prepared

    def _replan(self, migration: Migration, mappings: dict[str, Any]) -> None:
        resource, tenant = migration.src_resource, migration.src_resource.scope
        if tenant is None:
            raise Conflict("The source does not exist any more.")
        asked = Request(
            user=migration.created_by,
            src_resource=resource,
            offering=migration.dst_resource.offering,
            tariff=migration.dst_resource.plan,  # type: ignore[arg-type]
            name=migration.dst_resource.name,
            description=migration.dst_resource.description,
            mappings=as_json(mappings),
            wishes=wishes_from(mappings, tenant, migration.service_settings),
        )
        prepared = self._planned(asked)
        with transaction.atomic():
            locked = Migration.objects.select_for_update().get(pk=migration.pk)
            if not has_made_nothing(locked):
                raise Conflict("The migration has begun meanwhile.")
            prepared.replace_plan(locked)
            text = f"The migration {locked} has been given other mappings."
            record("openstack_migration_updated", text, scope=locked, actor=self.request.user)

    def _shown(self, migration: Migration) -> dict[str, Any]:
        attach_progress([migration])
        return dict(self.get_serializer(migration).data)

    def _scheduled(self, detail: str, code: int = status.HTTP_200_OK) -> Response:
        return Response({"status": "scheduled", "detail": detail}, status=code)
