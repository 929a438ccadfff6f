"""Accounts of users at services; of the users themselves only what their offering exposes."""

from typing import Any

from rest_framework import serializers

from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.links import parse_link
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.models import User
from waldur_mastermind.marketplace.models import Offering
from waldur_mastermind.marketplace_site_agent.attributes import exposed
from waldur_mastermind.marketplace_site_agent.models import OfferingUser
from waldur_mastermind.marketplace_site_agent.plugin import SITE_AGENT
from waldur_mastermind.marketplace_site_agent.teams import users_of

OFFERING = "marketplace-public-offering-detail"


class OfferingUserSerializer(ModelSerializer):
    url = LinkField("marketplace-offering-user-detail")
    user = RelatedLinkField("user-detail", read_only=True)
    offering = RelatedLinkField(OFFERING, read_only=True)
    username = serializers.CharField(max_length=100, allow_null=True, allow_blank=True, required=False)
    offering_uuid = HexUUIDField(source="offering.uuid", read_only=True)
    offering_name = serializers.CharField(source="offering.name", read_only=True)
    customer_uuid = HexUUIDField(source="offering.customer.uuid", read_only=True)
    customer_name = serializers.CharField(source="offering.customer.name", read_only=True)
    user_uuid = HexUUIDField(source="user.uuid", read_only=True)
    user_username = serializers.CharField(source="user.username", read_only=True)
    user_full_name = serializers.SerializerMethodField()
    user_email = serializers.SerializerMethodField()
    user_phone_number = serializers.SerializerMethodField()
    user_organization = serializers.SerializerMethodField()
    user_job_title = serializers.SerializerMethodField()

    class Meta:
        model = OfferingUser
        fields = (
            "url", "uuid", "created", "modified", "user", "offering", "username", "state", "is_restricted",
            "offering_uuid", "offering_name", "customer_uuid", "customer_name", "user_uuid", "user_username",
            "user_full_name", "user_email", "user_phone_number", "user_organization", "user_job_title",
            "service_provider_comment", "service_provider_comment_url",
        )  # fmt: skip
        read_only_fields = tuple(name for name in fields if name != "username")

    def get_user_full_name(self, account: OfferingUser) -> str:
        return self._exposed(account, "full_name")

    def get_user_email(self, account: OfferingUser) -> str:
        return self._exposed(account, "email")

    def get_user_phone_number(self, account: OfferingUser) -> str:
        return self._exposed(account, "phone_number")

    def get_user_organization(self, account: OfferingUser) -> str:
        return self._exposed(account, "organization")

    def get_user_job_title(self, account: OfferingUser) -> str:
        return self._exposed(account, "job_title")

    def _exposed(self, account: OfferingUser, name: str) -> str:
        """Everything to staff and to oneself, to providers what they have asked for."""
        user: Any = self.context["request"].user
        allowed = user.is_staff or user == account.user or name in exposed(account.offering)
        return str(getattr(account.user, name)) if allowed else ""

    def validate_username(self, value: str | None) -> str:
        name = value or ""
        account: Any = self.instance
        taken = OfferingUser.objects.filter(offering=account.offering, username=name).exclude(pk=account.pk)
        if name and taken.exists():
            raise serializers.ValidationError("Another account of this offering has this name.")
        return name


class NewOfferingUserSerializer(serializers.Serializer[Any]):
    """An account to be made: for somebody who has something of the offering."""

    user = serializers.CharField(required=False)
    user_uuid = serializers.UUIDField(required=False)
    offering = serializers.CharField(required=False)
    offering_uuid = serializers.UUIDField(required=False)
    username = serializers.CharField(max_length=100, required=False, allow_blank=True, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        caller = self.context["request"].user
        offerings = visible_to(caller, Offering.objects.filter(type=SITE_AGENT).select_related("customer"))
        offering = _find(attrs, "offering", offerings)
        require_permission(caller, Permission.OFFERING_CREATE_USER, [offering, offering.customer])
        user = _find(attrs, "user", User.objects.all() if caller.is_staff else users_of(offering))
        name = attrs.get("username") or ""
        if OfferingUser.objects.filter(offering=offering, user=user).exists():
            raise serializers.ValidationError({"user": ["This user has an account of this offering already."]})
        if name and OfferingUser.objects.filter(offering=offering, username=name).exists():
            raise serializers.ValidationError({"username": ["Another account of this offering has this name."]})
        return {"offering": offering, "user": user, "username": name}


def _find(attrs: dict[str, Any], name: str, queryset: Any) -> Any:
    """The row that the link under `name`, or the uuid under `<name>_uuid`, leads to."""
    try:
        link = parse_link(attrs[name]) if name in attrs else None
        uuid = link.uuid if link else attrs[f"{name}_uuid"]
    except (KeyError, ValueError):
        raise serializers.ValidationError({name: [f"Give the URL, or {name}_uuid."]}) from None
    found = queryset.filter(uuid=uuid).first()
    if found is None:
        raise serializers.ValidationError({name: [f"There is no such {name}, or it is not yours to choose."]})
    return found


class TransitionSerializer(serializers.Serializer[Any]):
    comment = serializers.CharField(required=False, allow_blank=True, default="")
    comment_url = serializers.URLField(required=False, allow_blank=True, default="")


class CommentsSerializer(serializers.Serializer[Any]):
    service_provider_comment = serializers.CharField(required=False, allow_blank=True)
    service_provider_comment_url = serializers.URLField(required=False, allow_blank=True)


class RestrictionSerializer(serializers.Serializer[Any]):
    is_restricted = serializers.BooleanField()
