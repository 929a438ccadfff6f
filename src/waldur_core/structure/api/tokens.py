"""`/api/auth-tokens/`: who has a token; staff may revoke it."""

from rest_framework import mixins

from waldur_core.events.log import record
from waldur_core.permissions.access import Staff
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_core.structure.api.user_serializers import AuthTokenSerializer
from waldur_core.structure.models import AuthToken


class AuthTokenViewSet(mixins.DestroyModelMixin, ReadOnlyViewSet):
    """The tokens of all users, without the keys."""

    queryset = AuthToken.objects.select_related("user").order_by("created", "pk")
    serializer_class = AuthTokenSerializer
    lookup_field = "user_id"
    lookup_value_regex = r"\d{1,18}"
    ordering_fields = {"created": "created"}
    access = {"list": Staff(), "retrieve": Staff(), "destroy": Staff()}

    def perform_destroy(self, instance: AuthToken) -> None:
        """The user has to sign in again."""
        user = instance.user
        record("token_revoked", f"The token of {user} has been revoked.", scope=user, actor=self.request.user)
        instance.delete()
