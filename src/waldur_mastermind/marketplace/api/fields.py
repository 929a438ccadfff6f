"""Serializer pieces of the marketplace: links that several addresses lead to, keys left out when they have no value."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlparse
from uuid import UUID

from django.urls import Resolver404, resolve
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from waldur_core.rest.serializers import RelatedLinkField, link_to
from waldur_mastermind.marketplace.models import Offering, Plan


@extend_schema_field(OpenApiTypes.URI)
class AnyLinkField(RelatedLinkField):
    """A related object that is shown at several addresses. `accepts`: {route name: the part of it that is the uuid}."""

    accepts: ClassVar[Mapping[str, str]] = {}

    def _uuid(self, data: str, model: Any) -> UUID:
        try:
            if "/" not in data:
                return UUID(data)
            match = resolve(urlparse(data).path)
            return UUID(match.kwargs[self.accepts[match.url_name or ""]])
        except (Resolver404, KeyError, ValueError):
            self.fail("wrong_link", kind=str(model._meta.verbose_name))
            raise AssertionError("unreachable") from None


class OfferingLinkField(AnyLinkField):
    """An offering: its public page, or its provider's page."""

    accepts = {"marketplace-public-offering-detail": "uuid", "marketplace-provider-offering-detail": "uuid"}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("view_name", "marketplace-public-offering-detail")
        super().__init__(**kwargs)


class PlanLinkField(AnyLinkField):
    """A plan: under its public offering, or by itself."""

    accepts = {"marketplace-public-offering-plan": "plan_uuid", "marketplace-plan-detail": "uuid"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(view_name="marketplace-plan-detail", **kwargs)


def public_plan_link(offering: Offering, plan: Plan, context: Any) -> str:
    return f"{link_to('marketplace-public-offering-detail', offering.uuid, context)}plans/{plan.uuid.hex}/"


class OmitsEmpty:
    """Keys in `omitted` are left out when they have no value: published clients do not read null there."""

    omitted: ClassVar[frozenset[str]] = frozenset()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)  # type: ignore[misc]
        return {key: value for key, value in data.items() if value is not None or key not in self.omitted}


class LimitsField(serializers.DictField):
    """Limits by component type: whole numbers."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.IntegerField(min_value=-(2**53), max_value=2**53)
        super().__init__(child=child, **kwargs)


class ObjectField(serializers.DictField):
    """Any JSON object. Text that PostgreSQL cannot store is refused."""

    default_error_messages = {"null_character": "The character U+0000 is not allowed."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value: dict[str, Any] = super().to_internal_value(data)
        if _has_null_character(value):
            self.fail("null_character")
        return value


def _has_null_character(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_null_character(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_has_null_character(item) for item in value)


class MarketplaceStatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()


class OrderInfoResponseSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()
