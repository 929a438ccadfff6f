"""`/api/keys/`: one's public SSH keys, and the keys shared with everybody."""

from typing import Any

import django_filters
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import mixins, serializers

from waldur_core.events.log import record
from waldur_core.permissions.access import Self, SignedIn, Visible
from waldur_core.rest.filters import BooleanFilter, MomentFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.models import SshPublicKey
from waldur_core.structure.models.keys import decode_public_key


class SshKeySerializer(ModelSerializer):
    url = LinkField("sshpublickey-detail")
    user_uuid = HexUUIDField(source="user.uuid", read_only=True)
    name = serializers.CharField(max_length=150, required=False, allow_blank=True)

    class Meta:
        model = SshPublicKey
        fields = (
            "url", "uuid", "name", "public_key", "fingerprint_md5", "fingerprint_sha256", "fingerprint_sha512",
            "user_uuid", "is_shared", "type",
        )  # fmt: skip
        read_only_fields = (
            "fingerprint_md5", "fingerprint_sha256", "fingerprint_sha512", "is_shared", "type",
        )  # fmt: skip

    def validate_public_key(self, value: str) -> str:
        try:
            decode_public_key(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return value.strip()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        comment = decode_public_key(attrs["public_key"])[2]
        attrs["name"] = attrs.get("name") or comment[:150]
        if not attrs["name"]:
            raise serializers.ValidationError({"name": ["Give a name: the key has no comment to take it from."]})
        if SshPublicKey.objects.filter(user=self.context["request"].user, name=attrs["name"]).exists():
            raise serializers.ValidationError({"name": ["You have a key with this name already."]})
        return attrs


class SshKeyFilter(django_filters.FilterSet):
    name = django_filters.CharFilter(lookup_expr="icontains")
    name_exact = django_filters.CharFilter(field_name="name")
    user_uuid = UUIDFilter(field_name="user__uuid")
    created = MomentFilter(lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lte")
    modified = MomentFilter(lookup_expr="gte")
    modified_before = MomentFilter(field_name="modified", lookup_expr="lte")
    is_shared = BooleanFilter()

    class Meta:
        model = SshPublicKey
        fields = ("fingerprint_md5", "fingerprint_sha256", "fingerprint_sha512")


class SshKeyViewSet(mixins.CreateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Public SSH keys. A key cannot be changed, only deleted and added anew."""

    queryset = SshPublicKey.objects.select_related("user")
    serializer_class = SshKeySerializer
    filterset_class = SshKeyFilter
    ordering_fields = {"name": "name"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": SignedIn("one's own key"),
        "destroy": Self(owner="user"),
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        key = serializer.save(user=self.request.user)
        record("ssh_key_creation_succeeded", f"SSH key {key.name} has been added.", scope=key, actor=self.request.user)

    def perform_destroy(self, instance: SshPublicKey) -> None:
        record(
            "ssh_key_deletion_succeeded",
            f"SSH key {instance.name} of {instance.user} has been deleted.",
            scope=instance,
            actor=self.request.user,
        )
        instance.delete()
