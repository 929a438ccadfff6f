"""`/api/operations/`: what is being done, how far it is, and what went wrong."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations import start
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import workflow_named
from waldur_core.permissions.access import Holder, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import MultiValueFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet


class OperationStepSerializer(serializers.Serializer[Any]):
    """One step of the plan."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(
        choices=["pending", "running", "waiting", "done", "failed", "undone", "kept"],
        help_text="kept: its effect stays although the operation failed",
    )
    attempts = serializers.IntegerField(help_text="failed tries so far")
    started = serializers.DateTimeField(allow_null=True)
    finished = serializers.DateTimeField(allow_null=True)


class OperationProgressSerializer(serializers.Serializer[Any]):
    """How far an operation is: step `current` of `total`."""

    current = serializers.IntegerField()
    total = serializers.IntegerField()
    percent = serializers.IntegerField()
    step = serializers.CharField(allow_blank=True)


class OperationSerializer(ModelSerializer):
    url = LinkField("operation-detail")
    title = serializers.SerializerMethodField()
    resource_uuid = HexUUIDField(source="subject_uuid", read_only=True)
    resource_name = serializers.CharField(source="subject_name", read_only=True)
    resource_type = serializers.SerializerMethodField()
    project_uuid = HexUUIDField(source="project.uuid", read_only=True, default=None)
    project_name = serializers.CharField(source="project.name", read_only=True, default="")
    user_uuid = HexUUIDField(source="user.uuid", read_only=True, default=None)
    user_username = serializers.CharField(source="user.username", read_only=True, default="")
    progress = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    error_traceback = serializers.SerializerMethodField()
    can_cancel = serializers.SerializerMethodField()
    can_retry = serializers.SerializerMethodField()

    class Meta:
        model = Operation
        fields = (
            "url", "uuid", "created", "modified", "workflow", "title", "state", "resource_uuid", "resource_name",
            "resource_type", "project_uuid", "project_name", "user_uuid", "user_username", "progress", "steps",
            "attempts", "next_run_at", "deadline", "started", "finished", "error_code", "error_message",
            "error_traceback", "can_cancel", "can_retry",
        )  # fmt: skip
        read_only_fields = fields

    def get_title(self, operation: Operation) -> str:
        return workflow_named(operation.workflow).title

    def get_resource_type(self, operation: Operation) -> str:
        return str(getattr(operation.content_type.model_class(), "resource_type", ""))

    @extend_schema_field(OperationProgressSerializer)
    def get_progress(self, operation: Operation) -> dict[str, Any]:
        total = len(operation.plan)
        done = operation.cursor if operation.state != Operation.State.DONE else total
        return {
            "current": min(done + 1, total),
            "total": total,
            "percent": 100 * done // total if total else 0,
            "step": (operation.current or {}).get("title", ""),
        }

    @extend_schema_field(OperationStepSerializer(many=True))
    def get_steps(self, operation: Operation) -> list[dict[str, Any]]:
        return [
            {
                "number": number,
                "name": entry["title"],
                "state": entry["state"],
                "attempts": entry.get("attempts", 0),
                "started": entry.get("started"),
                "finished": entry.get("finished"),
            }
            for number, entry in enumerate(operation.plan, start=1)
        ]

    def get_error_traceback(self, operation: Operation) -> str:
        user = self.context["request"].user
        return operation.error_traceback if user.is_staff or user.is_support else ""

    def get_can_cancel(self, operation: Operation) -> bool:
        forward = operation.state in (Operation.State.SCHEDULED, Operation.State.RUNNING)
        return forward and workflow_named(operation.workflow).undo_on_failure and not operation.cancel_requested

    def get_can_retry(self, operation: Operation) -> bool:
        return operation.state in (Operation.State.ERRED, Operation.State.CANCELLED)


class OperationFilter(django_filters.FilterSet):
    resource_uuid = UUIDFilter(field_name="subject_uuid")
    project_uuid = UUIDFilter(field_name="project__uuid")
    customer_uuid = UUIDFilter(field_name="customer__uuid")
    user_uuid = UUIDFilter(field_name="user__uuid")
    state = MultiValueFilter(field_name="state")
    workflow = MultiValueFilter(field_name="workflow")
    error_code = MultiValueFilter(field_name="error_code")

    class Meta:
        model = Operation
        fields = ()


class OperationViewSet(ReadOnlyViewSet):
    """Running and past operations on the resources you see."""

    queryset = Operation.objects.select_related("project", "user", "content_type")
    serializer_class = OperationSerializer
    filterset_class = OperationFilter
    ordering_fields = {"created": "created", "finished": "finished", "state": "state"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "retry": Holder(permission=Permission.OPERATION_RETRY, on=("project", "customer")),
        "cancel": Holder(permission=Permission.OPERATION_CANCEL, on=("project", "customer")),
    }

    @extend_schema(request=None, responses={202: OperationSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, uuid: str) -> Response:
        """Continue a failed operation at the step where it stopped."""
        operation = start.retry(self.get_object(), user=request.user)
        return Response(self.get_serializer(operation).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: OperationSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uuid: str) -> Response:
        """Stop an operation and undo what it did, where that is possible."""
        operation = self.get_object()
        start.cancel(operation, user=request.user)
        operation.refresh_from_db()
        return Response(self.get_serializer(operation).data, status=status.HTTP_202_ACCEPTED)
