"""What the server says about itself: version, configuration, schema, and the errors outside of any view."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from drf_spectacular.utils import extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core import __version__
from waldur_core.permissions.access import Public, SignedIn
from waldur_core.rest.views import AccessControl, APIView

PUBLIC_OPENSTACK_SETTINGS = (
    "ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS",
    "ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION",
    "DEFAULT_BLACKLISTED_USERNAMES",
    "DEFAULT_SECURITY_GROUPS",
    "MAX_CONCURRENT_PROVISION",
    "REQUIRE_AVAILABILITY_ZONE",
    "SUBNET",
    "TENANT_CREDENTIALS_VISIBLE",
)


class VersionView(APIView):
    access = {"get": SignedIn("the version is no secret")}

    @extend_schema(
        responses=inline_serializer(
            "Version", {"version": serializers.CharField(), "latest_version": serializers.CharField()}
        )
    )
    def get(self, request: Request) -> Response:
        """The version of this server."""
        return Response({"version": __version__, "latest_version": __version__})


class ConfigurationView(APIView):
    access = {"get": Public()}

    @extend_schema(responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        """Every public setting, for clients that adapt themselves."""
        return Response(
            {
                "FEATURES": settings.FEATURES,
                "WALDUR_CORE": {"SITE_NAME": settings.WALDUR_CORE["SITE_NAME"]},
                "WALDUR_OPENSTACK": {key: settings.WALDUR_OPENSTACK[key] for key in PUBLIC_OPENSTACK_SETTINGS},
                "WALDUR_MARKETPLACE_OPENSTACK": settings.WALDUR_MARKETPLACE_OPENSTACK,
            }
        )


# to make it takes seconds, and anybody may ask
@method_decorator(cache_page(300, key_prefix=__version__), name="dispatch")
class SchemaView(AccessControl, SpectacularAPIView):
    """The OpenAPI document of this API."""

    access = {"get": Public()}
    authentication_classes: Any = ()


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    hint = "" if request.path.endswith("/") else " Every path ends with a slash."
    return JsonResponse({"detail": f"There is nothing at {request.path}.{hint}"}, status=404)


def server_error(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"detail": "The server failed. The error has been logged."}, status=500)
