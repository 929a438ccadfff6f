"""`Authorization: Token <40 hex>` (any case, or `Bearer`), or `?x-auth-token=` where a browser cannot send headers.

Staff may act as somebody else with `X-Impersonated-User-Uuid`; events then name both.
"""

import logging
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from waldur_core.rest.uuids import is_uuid
from waldur_core.structure.models import AuthToken, User

IMPERSONATION = "X-Impersonated-User-Uuid"
logger = logging.getLogger("waldur.impersonation")


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, AuthToken] | None:
        key = self._key(request)
        if key is None:
            return None
        token = AuthToken.objects.find(key)
        if token is None:
            raise AuthenticationFailed("Invalid token.")
        if not token.user.is_active:
            raise AuthenticationFailed("User inactive or deleted.")
        if token.is_expired():
            raise AuthenticationFailed("Token has expired.")
        token.touch()
        return impersonated(request, token.user), token

    def authenticate_header(self, request: Request) -> str:
        return "Token"

    @staticmethod
    def _key(request: Request) -> str | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if not words or words[0].lower() not in ("token", "bearer"):
            return request.query_params.get("x-auth-token")
        if len(words) != 2:
            raise AuthenticationFailed("Invalid token header. Give: Authorization: Token <key>.")
        return words[1]


def impersonated(request: Request, user: User) -> User:
    """The user whom the request acts as; `impersonator` remembers who is behind it."""
    uuid = request.headers.get(IMPERSONATION)
    if not uuid:
        return user
    if not user.is_staff:
        raise PermissionDenied("Only staff may act as somebody else.")
    found = User.objects.filter(uuid=uuid, is_active=True).first() if is_uuid(uuid) else None
    if found is None:
        raise AuthenticationFailed(f"There is no active user with the uuid of {IMPERSONATION}.")
    found.impersonator = user
    logger.info("%s acts as %s: %s %s", user, found, request.method, request.path)
    return found


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document describes it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token <key>"}
