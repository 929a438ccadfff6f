"""`/api/users/`: people and scripts, as far as one works with them; oneself under `me/`."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Self, SignedIn, Staff, Visible
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.filters import AnyOfFilter, BooleanFilter, MomentFilter, UUIDFilter
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.api.permissions import with_active_grants
from waldur_core.structure.api.user_serializers import (
    NewUserAuthTokenSerializer,
    PasswordSerializer,
    ProfileCompletenessSerializer,
    UserAuthTokenSerializer,
    UserMeSerializer,
    UserSerializer,
    may_see_key,
)
from waldur_core.structure.models import AuthToken, Customer, Project, User
from waldur_core.structure.teams import holders

FULL_NAME = ("first_name", "last_name")


class TeamFilter(UUIDFilter):
    """Who holds a role on the scope with this uuid, if the caller sees it."""

    def __init__(self, model: Any) -> None:
        self.scope_model = model
        super().__init__()

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        scopes = visible_to(self.parent.request.user, self.scope_model.objects.filter(uuid=value))
        return qs.filter(pk__in=holders(scopes))


class UsernameListFilter(django_filters.CharFilter):
    """Several usernames, separated by commas."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.filter(username__in=[name.strip() for name in value.split(",")]) if value else qs


class UserFilter(django_filters.FilterSet):
    username = django_filters.CharFilter()
    username_list = UsernameListFilter()
    full_name = AnyOfFilter(paths=FULL_NAME)
    native_name = django_filters.CharFilter(lookup_expr="icontains")
    email = django_filters.CharFilter(lookup_expr="icontains")
    organization = django_filters.CharFilter(lookup_expr="icontains")
    job_title = django_filters.CharFilter(lookup_expr="icontains")
    phone_number = django_filters.CharFilter(lookup_expr="icontains")
    date_joined = MomentFilter(lookup_expr="gte")
    modified = MomentFilter(lookup_expr="gte")
    customer_uuid = TeamFilter(Customer)
    project_uuid = TeamFilter(Project)
    query = AnyOfFilter(paths=("username", "native_name", "email", *FULL_NAME))
    user_keyword = AnyOfFilter(paths=("username", "native_name", "email", *FULL_NAME))
    is_active = BooleanFilter()
    is_staff = BooleanFilter()
    is_support = BooleanFilter()

    class Meta:
        model = User
        fields = ()


class UserViewSet(mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Staff and support see every user, others those they share a customer or project with."""

    queryset = User.objects.prefetch_related(with_active_grants())
    serializer_class = UserSerializer
    filterset_class = UserFilter
    ordering_fields = {
        **{name: name for name in ("email", "is_active", "is_staff", "is_support", "job_title", "native_name")},
        **{name: name for name in ("organization", "phone_number", "username", "description")},
        "full_name": "first_name",
    }
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "me": SignedIn("oneself"),
        "profile_completeness": SignedIn("oneself"),
        "create": Staff(),
        "update": Self(),
        "partial_update": Self(),
        "destroy": Staff(),
        "change_password": Self(),
        "token": Self(),
        "refresh_token": Self(),
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        user = serializer.save()
        user.set_unusable_password()
        user.save()
        record("user_creation_succeeded", f"User {user} has been created.", scope=user, actor=self.request.user)
        serializer.instance = self.get_queryset().get(pk=user.pk)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        before = serializer.instance
        assert before is not None
        was_active, lifetime = before.is_active, before.token_lifetime
        user = serializer.save()
        actor = self.request.user
        record("user_update_succeeded", f"User {user} has been updated.", scope=user, actor=actor)
        if user.is_active != was_active:
            word = "activated" if user.is_active else "deactivated"
            record(f"user_{word}", f"User {user} has been {word}.", scope=user, actor=actor)
        if user.token_lifetime != lifetime:
            text = "without end" if user.token_lifetime is None else f"for {user.token_lifetime} s"
            record("token_lifetime_updated", f"The token of {user} now lives {text}.", scope=user, actor=actor)

    def perform_destroy(self, instance: User) -> None:
        record("user_deletion_succeeded", f"User {instance} has been deleted.", scope=instance, actor=self.request.user)
        instance.delete()

    @extend_schema(responses=UserMeSerializer, filters=False)
    @action(detail=False, serializer_class=UserMeSerializer, pagination_class=None, filterset_class=None)
    def me(self, request: Request) -> Response:
        """The user of this request, with his token and permissions."""
        users = User.objects.select_related("auth_token").prefetch_related(with_active_grants())
        user = users.get(username=request.user.username)
        return Response(self.get_serializer(user).data)

    @extend_schema(responses=ProfileCompletenessSerializer, filters=False)
    @action(detail=False, pagination_class=None, filterset_class=None)
    def profile_completeness(self, request: Request) -> Response:
        """Which fields of one's profile still miss."""
        return Response(ProfileCompletenessSerializer(request.user).data)

    @extend_schema(request=PasswordSerializer, responses={200: None})
    @action(detail=True, methods=["post"])
    def change_password(self, request: Request, uuid: str) -> Response:
        """Set a new password: one's own, or as staff anybody's."""
        user = self.get_object()
        serializer = PasswordSerializer(user, data=request.data)
        serializer.is_valid(raise_exception=True)
        user.set_password(serializer.validated_data["new_password"])
        user.save(update_fields=["password", "modified"])
        event_type = "user_password_updated" + ("" if user == request.user else "_by_staff")
        record(event_type, f"The password of {user} has been changed.", scope=user, actor=request.user)
        return Response(status=status.HTTP_200_OK)

    @extend_schema(responses=UserAuthTokenSerializer)
    @action(detail=True)
    def token(self, request: Request, uuid: str) -> Response:
        """When the user's token was made. The key itself is shown at sign-in and in `me/` only."""
        token = AuthToken.objects.select_related("user").filter(user=self.get_object()).first()
        if token is None:
            raise NotFound("This user has no token.")
        return Response(UserAuthTokenSerializer(token).data)

    @extend_schema(request=None, responses=NewUserAuthTokenSerializer)
    @action(detail=True, methods=["post"])
    def refresh_token(self, request: Request, uuid: str) -> Response:
        """A new token; the old one dies. The answer shows the key to its user only."""
        user = self.get_object()
        token = AuthToken.objects.renew(user)
        record("token_created", f"{user} has got a new token.", scope=user, actor=request.user)
        serializer = NewUserAuthTokenSerializer if may_see_key(request, user) else UserAuthTokenSerializer
        return Response(serializer(token).data)
