"""Agents, their services and processors."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedUUIDField
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent.models import AgentIdentity, AgentProcessor, AgentService


class NestedServiceSerializer(ModelSerializer):
    url = LinkField("marketplace-site-agent-service-detail")
    state = serializers.ChoiceField(choices=AgentService.State.choices, read_only=True)
    statistics = serializers.DictField(read_only=True)

    class Meta:
        model = AgentService
        fields: tuple[str, ...] = ("uuid", "url", "name", "mode", "state", "statistics", "created", "modified")
        read_only_fields = fields


class NestedProcessorSerializer(ModelSerializer):
    url = LinkField("marketplace-site-agent-processor-detail")

    class Meta:
        model = AgentProcessor
        fields: tuple[str, ...] = (
            "uuid",
            "url",
            "name",
            "backend_type",
            "backend_version",
            "last_run",
            "created",
            "modified",
        )
        read_only_fields = fields


class DependencySerializer(serializers.Serializer[Any]):
    package = serializers.CharField(max_length=255)
    version = serializers.CharField(max_length=100)


class CompatibilitySerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=("compatible", "incompatible", "unknown"))
    message = serializers.CharField()


class AgentIdentitySerializer(ModelSerializer):
    """An installation of the agent. The text of its configuration is taken, but never shown: it may hold passwords."""

    url = LinkField("marketplace-site-agent-identity-detail")
    offering = RelatedUUIDField(queryset=Offering.objects.select_related("customer"))
    created_by = HexUUIDField(source="created_by.uuid", read_only=True, allow_null=True, default=None)
    version = serializers.CharField(max_length=50, required=False, allow_blank=True, allow_null=True)
    config_file_path = serializers.CharField(max_length=2000, required=False, allow_blank=True, allow_null=True)
    config_file_content = serializers.CharField(
        write_only=True, required=False, allow_blank=True, allow_null=True, max_length=1_000_000
    )
    dependencies = DependencySerializer(many=True, required=False)
    services = NestedServiceSerializer(many=True, read_only=True)
    compatibility = serializers.SerializerMethodField()

    class Meta:
        model = AgentIdentity
        fields = (
            "uuid", "url", "offering", "created_by", "name", "version", "dependencies", "config_file_path",
            "config_file_content", "last_restarted", "created", "modified", "services", "compatibility",
        )  # fmt: skip
        validators = ()  # uniqueness is asked below of a PUT; a POST finds the agent that there is

    def validate_offering(self, offering: Offering) -> Offering:
        if self.instance is not None and offering != self.instance.offering:
            raise serializers.ValidationError("An agent stays with its offering.")
        return offering

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        offering = attrs.get("offering") or self.instance.offering  # type: ignore[union-attr]
        if self.instance is None:
            user = self.context["request"].user
            require_permission(user, Permission.OFFERING_UPDATE, [offering, offering.customer])
        elif offering.agents.filter(name=attrs.get("name", "")).exclude(pk=self.instance.pk).exists():
            raise serializers.ValidationError({"name": ["The offering has an agent of this name already."]})
        return {key: "" if value is None else value for key, value in attrs.items()}

    @extend_schema_field(CompatibilitySerializer)
    def get_compatibility(self, identity: AgentIdentity) -> dict[str, str]:
        """Agents of the first major version speak this API."""
        major = identity.version.partition(".")[0]
        if not major.isdigit():
            return {"status": "unknown", "message": "The agent did not tell its version."}
        if major != "1":
            return {"status": "incompatible", "message": f"The agent is {identity.version}; this server speaks to 1.x."}
        return {"status": "compatible", "message": ""}


class AgentServiceSerializer(NestedServiceSerializer):
    identity = HexUUIDField(source="identity.uuid", read_only=True)
    identity_name = serializers.CharField(source="identity.name", read_only=True)
    processors = NestedProcessorSerializer(many=True, read_only=True)

    class Meta(NestedServiceSerializer.Meta):
        fields = (*NestedServiceSerializer.Meta.fields, "identity", "identity_name", "processors")
        read_only_fields = fields


class AgentProcessorSerializer(NestedProcessorSerializer):
    service = HexUUIDField(source="service.uuid", read_only=True)
    service_name = serializers.CharField(source="service.name", read_only=True)

    class Meta(NestedProcessorSerializer.Meta):
        fields = (*NestedProcessorSerializer.Meta.fields, "service", "service_name")
        read_only_fields = fields


class NewServiceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=255)
    mode = serializers.CharField(max_length=50, required=False, allow_blank=True, allow_null=True, default="")


class NewProcessorSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=255)
    backend_type = serializers.CharField(max_length=255)
    backend_version = serializers.CharField(
        max_length=100, required=False, allow_blank=True, allow_null=True, default=""
    )
