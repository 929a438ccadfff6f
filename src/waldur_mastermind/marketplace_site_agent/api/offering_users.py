"""`/api/marketplace-offering-users/`: the accounts that users have at the services of offerings."""

from typing import Any

import django_filters
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.permissions.access import InBody, Visible
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import (
    AnyOfFilter,
    BooleanFilter,
    MomentFilter,
    MultiUUIDFilter,
    MultiValueFilter,
    UUIDFilter,
)
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.api.order_reviews import read
from waldur_mastermind.marketplace_site_agent import offering_users
from waldur_mastermind.marketplace_site_agent.api.access import agent
from waldur_mastermind.marketplace_site_agent.api.offering_user_serializers import (
    CommentsSerializer,
    NewOfferingUserSerializer,
    OfferingUserSerializer,
    RestrictionSerializer,
    TransitionSerializer,
)
from waldur_mastermind.marketplace_site_agent.messages.outbox import tell_account
from waldur_mastermind.marketplace_site_agent.models import OfferingUser

State = OfferingUser.State
UPDATE = agent("offering", Permission.OFFERING_UPDATE_USER)

# action: the state it leads to
TRANSITIONS = {
    "begin_creating": State.CREATING,
    "set_ok": State.OK,
    "set_error_creating": State.ERROR_CREATING,
    "set_validation_complete": State.OK,
    "request_deletion": State.REQUESTED_DELETION,
    "set_deleting": State.DELETING,
    "set_deleted": State.DELETED,
    "set_error_deleting": State.ERROR_DELETING,
}
COMMENTED = {
    "set_pending_account_linking": State.PENDING_ACCOUNT_LINKING,
    "set_pending_additional_validation": State.PENDING_ADDITIONAL_VALIDATION,
}


class OfferingUserFilter(django_filters.FilterSet):
    offering_uuid = MultiUUIDFilter(field_name="offering__uuid")
    provider_uuid = UUIDFilter(field_name="offering__customer__uuid")
    user_uuid = UUIDFilter(field_name="user__uuid")
    user_username = django_filters.CharFilter(field_name="user__username", lookup_expr="icontains")
    username = django_filters.CharFilter()
    state = MultiValueFilter(field_name="state")
    is_restricted = BooleanFilter()
    query = AnyOfFilter(paths=("username", "user__username", "user__first_name", "user__last_name", "offering__name"))
    created = MomentFilter(lookup_expr="gte")
    created_before = MomentFilter(field_name="created", lookup_expr="lte")
    modified = MomentFilter(lookup_expr="gte")
    modified_before = MomentFilter(field_name="modified", lookup_expr="lte")

    class Meta:
        model = OfferingUser
        fields = ()


class OfferingUserViewSet(mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Your own accounts, and the accounts at the services you provide."""

    queryset = OfferingUser.objects.select_related("user", "offering__customer", "offering__attribute_config")
    serializer_class = OfferingUserSerializer
    filterset_class = OfferingUserFilter
    ordering_fields = {"created": "created", "modified": "modified", "username": "username"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=Permission.OFFERING_CREATE_USER, on="the offering"),
        "update": UPDATE,
        "partial_update": UPDATE,
        "destroy": agent("offering", Permission.OFFERING_DELETE_USER),
        "update_comments": UPDATE,
        "update_restricted": UPDATE,
        **dict.fromkeys((*TRANSITIONS, *COMMENTED), UPDATE),
    }

    @extend_schema(request=NewOfferingUserSerializer, responses={201: OfferingUserSerializer})
    def create(self, request: Request) -> Response:
        """Make an account for somebody who has something of the offering."""
        data = read(NewOfferingUserSerializer(data=request.data, context=self.get_serializer_context()))
        [account] = offering_users.create_accounts(data["offering"], [data["user"]], data["username"])
        return Response(self.get_serializer(account).data, status=status.HTTP_201_CREATED)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        account: Any = serializer.instance
        if "username" in serializer.validated_data:
            offering_users.set_username(account, serializer.validated_data["username"])

    def perform_destroy(self, account: OfferingUser) -> None:
        tell_account(account, "delete")
        account.delete()

    @extend_schema(request=CommentsSerializer, responses=OfferingUserSerializer)
    @action(detail=True, methods=["patch"])
    def update_comments(self, request: Request, uuid: str) -> Response:
        """Tell the user something about the account."""
        return self._write(CommentsSerializer(data=request.data))

    @extend_schema(request=RestrictionSerializer, responses=OfferingUserSerializer)
    @action(detail=True, methods=["post"])
    def update_restricted(self, request: Request, uuid: str) -> Response:
        """Let the account in no more, or again."""
        return self._write(RestrictionSerializer(data=request.data))

    def _write(self, serializer: Any) -> Response:
        account, data = self.get_object(), read(serializer)
        for name, value in data.items():
            setattr(account, name, value)
        account.save(update_fields=[*data, "modified"])
        tell_account(account, "update", sorted(data))
        return Response(self.get_serializer(account).data)

    @transaction.atomic
    def _change(self, **columns: Any) -> Response:
        account = self.get_object()
        offering_users.change(account, {**TRANSITIONS, **COMMENTED}[self.action], **columns)
        return Response(self.get_serializer(account).data)


def _transition(name: str, state: str) -> Any:
    def act(self: Any, request: Request, uuid: str) -> Response:
        return self._change()

    act.__name__, act.__doc__ = name, f"The account is now: {state}."
    return extend_schema(request=None, responses=OfferingUserSerializer)(action(detail=True, methods=["post"])(act))


def _commented(name: str, state: str) -> Any:
    def act(self: Any, request: Request, uuid: str) -> Response:
        told = read(TransitionSerializer(data=request.data))
        return self._change(service_provider_comment=told["comment"], service_provider_comment_url=told["comment_url"])

    act.__name__, act.__doc__ = name, f"The account is now: {state}; what the user is to do stands in the comment."
    decorated = action(detail=True, methods=["post"])(act)
    return extend_schema(request=TransitionSerializer, responses=OfferingUserSerializer)(decorated)


for _name, _state in TRANSITIONS.items():
    setattr(OfferingUserViewSet, _name, _transition(_name, _state))
for _name, _state in COMMENTED.items():
    setattr(OfferingUserViewSet, _name, _commented(_name, _state))
