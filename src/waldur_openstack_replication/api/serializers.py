"""What migrations answer."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.operations.models import Operation
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack_replication.api.mappings import MappingSerializer
from waldur_openstack_replication.api.progress import NOTHING, Progress
from waldur_openstack_replication.models import Migration, MigrationItem


class MigrationProgressSerializer(serializers.Serializer[Any]):
    """How far it is. `counts`: {kind: {state: number}}."""

    step = serializers.CharField(allow_blank=True)
    current = serializers.IntegerField(help_text="Number of the step.")
    total = serializers.IntegerField()
    percent = serializers.IntegerField(help_text="Of the objects.")
    counts = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    remaining_seconds = serializers.IntegerField(allow_null=True, help_text="An estimate; null when there is none.")


class VerificationSerializer(serializers.Serializer[Any]):
    """How source and destination compare."""

    verified = serializers.BooleanField()
    compared_with = serializers.CharField(help_text="source, or plan when the source did not answer")
    compared = serializers.DictField(child=serializers.IntegerField())
    differences = serializers.ListField(child=serializers.DictField())
    difference_count = serializers.IntegerField()


class MigrationSerializer(ModelSerializer):
    url = LinkField("openstack-migration-detail")
    mappings = MappingSerializer()
    created_by_uuid = HexUUIDField(source="created_by.uuid", read_only=True)
    created_by_full_name = serializers.CharField(source="created_by.full_name", read_only=True)
    src_offering_uuid = HexUUIDField(source="src_resource.offering.uuid", read_only=True)
    src_offering_name = serializers.CharField(source="src_resource.offering.name", read_only=True)
    dst_offering_uuid = HexUUIDField(source="dst_resource.offering.uuid", read_only=True)
    dst_offering_name = serializers.CharField(source="dst_resource.offering.name", read_only=True)
    src_resource = HexUUIDField(source="src_resource.uuid", read_only=True)
    src_resource_uuid = HexUUIDField(source="src_resource.uuid", read_only=True)
    src_resource_name = serializers.CharField(source="src_resource.name", read_only=True)
    dst_resource_uuid = HexUUIDField(source="dst_resource.uuid", read_only=True)
    dst_resource_name = serializers.CharField(source="dst_resource.name", read_only=True)
    dst_resource_state = serializers.ChoiceField(
        source="dst_resource.state", choices=Resource.State.choices, read_only=True
    )
    state = serializers.CharField(read_only=True)
    error_traceback = serializers.SerializerMethodField()
    limits = serializers.SerializerMethodField()
    conflicts = serializers.SerializerMethodField()
    notices = serializers.SerializerMethodField()
    verification = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    operation = serializers.SerializerMethodField()

    class Meta:
        model = Migration
        fields = (
            "url", "uuid", "created", "modified", "mappings", "created_by_uuid", "created_by_full_name",
            "src_offering_uuid", "src_offering_name", "dst_offering_uuid", "dst_offering_name", "src_resource",
            "src_resource_uuid", "src_resource_name", "dst_resource_uuid", "dst_resource_name", "dst_resource_state",
            "state", "error_message", "error_traceback", "fingerprint", "limits", "conflicts", "notices", "progress",
            "verification", "rolled_back", "operation",
        )  # fmt: skip
        read_only_fields = tuple(name for name in fields if name != "mappings")

    def get_error_traceback(self, migration: Migration) -> str:
        user = self.context["request"].user
        return migration.error_traceback if user.is_staff or user.is_support else ""

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_limits(self, migration: Migration) -> dict[str, int]:
        return dict(migration.plan.get("limits", {}))

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_conflicts(self, migration: Migration) -> list[str]:
        return list(migration.plan.get("conflicts", ()))

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_notices(self, migration: Migration) -> list[str]:
        return list(migration.plan.get("notices", ()))

    @extend_schema_field(VerificationSerializer(allow_null=True))
    def get_verification(self, migration: Migration) -> dict[str, Any] | None:
        return migration.verification or None

    @extend_schema_field(MigrationProgressSerializer)
    def get_progress(self, migration: Migration) -> dict[str, Any]:
        return self._progress(migration).as_json()

    @extend_schema_field(HexUUIDField(allow_null=True))
    def get_operation(self, migration: Migration) -> str | None:
        operation: Operation | None = self._progress(migration).operation
        return operation.uuid.hex if operation else None

    def _progress(self, migration: Migration) -> Progress:
        return getattr(migration, "progress", NOTHING)


class MigrationItemSerializer(serializers.ModelSerializer[Any]):
    """One object: what became of it, and why."""

    source_uuid = HexUUIDField(read_only=True)
    uuid = HexUUIDField(read_only=True, help_text="Of the object in the destination, once it is made.")

    class Meta:
        model = MigrationItem
        fields = ("kind", "state", "reason", "name", "address", "source_uuid", "source_id", "uuid", "backend_id")
        read_only_fields = fields


class PlannedItemSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=MigrationItem.Kind.choices)
    action = serializers.ChoiceField(choices=["create", "adopt", "skip"])
    name = serializers.CharField()
    address = serializers.CharField()
    reason = serializers.CharField(help_text="Why it is left out, or what will be different.")
    source_uuid = HexUUIDField(allow_null=True)


class MigrationPlanSerializer(serializers.Serializer[Any]):
    """What would be made. Send its `fingerprint` along to have exactly this made, or nothing."""

    fingerprint = serializers.CharField()
    source_read_from = serializers.ChoiceField(choices=["cloud", "records"])
    name = serializers.CharField()
    description = serializers.CharField()
    project_uuid = HexUUIDField()
    monthly_price = serializers.DecimalField(max_digits=22, decimal_places=10)
    limits = serializers.DictField(child=serializers.IntegerField())
    quotas = serializers.DictField(child=serializers.IntegerField())
    own_quotas = serializers.DictField(
        child=serializers.IntegerField(), help_text="The cloud's own, for what the platform sets no quota of."
    )
    capacity = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    counts = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    conflicts = serializers.ListField(child=serializers.CharField())
    notices = serializers.ListField(child=serializers.CharField())
    items = PlannedItemSerializer(many=True)


class MigrationUpdateSerializer(serializers.Serializer[Any]):
    """Other mappings, as long as nothing has been made."""

    mappings = MappingSerializer(required=False)
