"""Signing in with a password, and out."""

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.db import transaction
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.events.log import record
from waldur_core.permissions.access import Public, SignedIn
from waldur_core.rest.views import APIView
from waldur_core.structure.models import AuthToken


class ObtainAuthTokenSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False, style={"input_type": "password"})


class PasswordLoginView(APIView):
    """A token for a username and password. Four wrong tries from one address block the pair for ten minutes."""

    access = {"post": Public()}
    non_atomic = frozenset({"post"})  # the event of a refused login stays
    authentication_classes = ()

    @extend_schema(
        request=ObtainAuthTokenSerializer,
        responses=inline_serializer("CoreAuthToken", {"token": serializers.CharField()}),
    )
    def post(self, request: Request) -> Response:
        serializer = ObtainAuthTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        username, password = serializer.validated_data["username"], serializer.validated_data["password"]
        limits: dict[str, Any] = settings.WALDUR_CORE
        attempts = f"login:{username}:{request.META.get('REMOTE_ADDR', '')}"
        if cache.get(attempts, 0) >= limits["LOGIN_ATTEMPTS"]:
            return self._refuse("Too many failed attempts. Try again in ten minutes.")
        user = authenticate(request._request, username=username, password=password)
        if user is None:
            cache.add(attempts, 0, limits["LOGIN_BLOCK_SECONDS"])
            cache.incr(attempts)
            record("auth_login_failed_with_username", f"Login of {username} was refused.", username=username)
            return self._refuse("Invalid username/password.")
        cache.delete(attempts)
        with transaction.atomic():
            record("auth_logged_in_with_username", f"{username} has signed in.", scope=user, actor=user)
            return Response({"token": AuthToken.objects.issue(user).key})

    @staticmethod
    def _refuse(reason: str) -> Response:
        return Response({"detail": reason}, status=status.HTTP_401_UNAUTHORIZED)


class LogoutView(APIView):
    access = {"post": SignedIn("one's own token")}

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Forget the token of this request."""
        assert isinstance(request.auth, AuthToken)
        request.auth.delete()
        record("auth_logged_out", f"{request.user} has signed out.", scope=request.user, actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
