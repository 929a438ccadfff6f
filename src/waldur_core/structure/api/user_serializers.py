"""How users, their tokens and their profiles look on the wire."""

from typing import Any, ClassVar

from django.contrib.auth.password_validation import validate_password
from django.core.validators import RegexValidator
from rest_framework import serializers
from rest_framework.reverse import reverse

from waldur_core.rest.serializers import LinkField, ModelSerializer
from waldur_core.structure.api.permissions import PermissionSerializer
from waldur_core.structure.models import AuthToken, User

MANDATORY_PROFILE = ("first_name", "last_name", "email")
STAFF_ONLY = ("username", "is_staff", "is_active", "is_support", "description")
TEAM = frozenset(  # what people who work together see of each other
    {"url", "uuid", "username", "slug", "full_name", "native_name", "first_name", "last_name", "email", "job_title",
     "organization", "phone_number", "is_active"}
)  # fmt: skip


class BasicUserSerializer(ModelSerializer):
    url = LinkField("user-detail")

    class Meta:
        model = User
        fields: ClassVar[tuple[str, ...]] = ("url", "uuid", "username", "full_name", "native_name", "email")


class UserSerializer(BasicUserSerializer):
    """All of it for oneself, staff and support; the rest of the team sees the business card."""

    username = serializers.CharField(
        max_length=128,
        validators=[RegexValidator(r"^[0-9a-z_.@+-]+$", "Only a-z, 0-9 and _ . @ + - are allowed.")],
    )
    slug = serializers.CharField(source="username", read_only=True)
    full_name = serializers.CharField(read_only=True)
    registration_method = serializers.CharField(default="default", read_only=True)
    permissions = PermissionSerializer(source="active_grants", many=True, read_only=True)
    has_usable_password = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields: ClassVar[tuple[str, ...]] = (
            "url", "uuid", "username", "slug", "full_name", "first_name", "last_name", "native_name", "job_title",
            "email", "phone_number", "organization", "description", "is_staff", "is_active", "is_support",
            "token_lifetime", "registration_method", "date_joined", "preferred_language", "has_usable_password",
            "permissions",
        )  # fmt: skip
        read_only_fields: ClassVar = ("date_joined",)
        extra_kwargs: ClassVar = {"email": {"required": True}}

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and not request.user.is_staff:
            for name in fields.keys() & set(STAFF_ONLY):
                fields[name].read_only = True
                fields[name].required = False
        return fields

    def get_has_usable_password(self, user: User) -> bool:
        return user.has_usable_password()

    def validate_username(self, value: str) -> str:
        others = User.objects.exclude(pk=self.instance.pk) if self.instance else User.objects.all()
        if others.filter(username=value).exists():
            raise serializers.ValidationError("A user with that username already exists.")
        return value

    def to_representation(self, instance: User) -> dict[str, Any]:
        shown = super().to_representation(instance)
        viewer = self.context["request"].user
        if viewer.is_staff or viewer.is_support or viewer == instance:
            return shown
        return {key: value for key, value in shown.items() if key in TEAM}


class ProfileCompletenessSerializer(serializers.Serializer[Any]):
    is_complete = serializers.SerializerMethodField()
    missing_fields = serializers.SerializerMethodField()
    mandatory_fields = serializers.SerializerMethodField()
    enforcement_enabled = serializers.BooleanField(default=False, read_only=True)

    def get_is_complete(self, user: User) -> bool:
        return not self.get_missing_fields(user)

    def get_missing_fields(self, user: User) -> list[str]:
        return [name for name in MANDATORY_PROFILE if not getattr(user, name)]

    def get_mandatory_fields(self, user: User) -> list[str]:
        return list(MANDATORY_PROFILE)


class UserMeSerializer(UserSerializer):
    """Oneself, with one's own token: the only answer besides the login that shows a key."""

    token = serializers.SerializerMethodField()
    token_expires_at = serializers.DateTimeField(source="auth_token.expires_at", default=None, read_only=True)
    profile_completeness = ProfileCompletenessSerializer(source="*", read_only=True)

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "token", "token_expires_at", "profile_completeness")

    def get_token(self, user: User) -> str:
        request = self.context["request"]
        return request.auth.key if may_see_key(request, user) else ""


def may_see_key(request: Any, user: User) -> bool:
    """Only the user himself; staff that acts as him never learns it."""
    return request.auth is not None and request.auth.user_id == user.pk


class UserAuthTokenSerializer(ModelSerializer):
    """When a user's token was made."""

    user_first_name = serializers.CharField(source="user.first_name", read_only=True)
    user_last_name = serializers.CharField(source="user.last_name", read_only=True)
    user_username = serializers.CharField(source="user.username", read_only=True)
    user_is_active = serializers.BooleanField(source="user.is_active", read_only=True)
    user_token_lifetime = serializers.IntegerField(source="user.token_lifetime", allow_null=True, read_only=True)

    class Meta:
        model = AuthToken
        fields: ClassVar[tuple[str, ...]] = (
            "created", "user_first_name", "user_last_name", "user_username", "user_is_active", "user_token_lifetime",
        )  # fmt: skip
        read_only_fields = fields


class NewUserAuthTokenSerializer(UserAuthTokenSerializer):
    """A token just made. The key is shown to its user only."""

    token = serializers.CharField(source="key", read_only=True)

    class Meta(UserAuthTokenSerializer.Meta):
        fields = ("token", *UserAuthTokenSerializer.Meta.fields)
        read_only_fields = fields


class AuthTokenSerializer(UserAuthTokenSerializer):
    url = serializers.SerializerMethodField()
    user = serializers.SerializerMethodField()

    class Meta(UserAuthTokenSerializer.Meta):
        fields = ("url", "user", *UserAuthTokenSerializer.Meta.fields)
        read_only_fields = fields

    def get_url(self, token: AuthToken) -> str:
        return reverse("auth-token-detail", kwargs={"user_id": token.user_id}, request=self.context["request"])

    def get_user(self, token: AuthToken) -> str:
        return reverse("user-detail", kwargs={"uuid": token.user.uuid.hex}, request=self.context["request"])


class PasswordSerializer(serializers.Serializer[Any]):
    new_password = serializers.CharField(trim_whitespace=False, max_length=4096, style={"input_type": "password"})

    def validate_new_password(self, value: str) -> str:
        validate_password(value, self.instance)
        return value
