"""What customers, projects and resources cost this month. Whoever bills registers itself; the core knows no prices."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

KEY = "billing_price_estimate"
Estimator = Callable[[Any, Sequence[Model]], dict[int, dict[str, str]]]
_estimators: list[Estimator] = []


def register(estimator: Estimator) -> None:
    """`estimator(user, objects of one model)` returns {pk: estimate} of those whose cost the user may know, in a fixed
    number of queries."""
    _estimators.append(estimator)


class NestedPriceEstimateSerializer(serializers.Serializer[Any]):
    """As things stand: what the month comes to, and what of it is due up to now; the tax comes on top."""

    total = serializers.DecimalField(max_digits=22, decimal_places=2)
    current = serializers.DecimalField(max_digits=22, decimal_places=2)
    tax = serializers.DecimalField(max_digits=22, decimal_places=2)
    tax_current = serializers.DecimalField(max_digits=22, decimal_places=2)


class EstimatedListSerializer(serializers.ListSerializer[Any]):
    """Asks for the estimates of a whole page at once."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        load_estimates(self, rows)
        return super().to_representation(rows)


def load_estimates(serializer: Any, rows: Sequence[Any]) -> None:
    """For a list serializer of one's own: have the estimates of its rows ready."""
    if KEY in serializer.child.fields:
        serializer.context["_estimates"] = _estimates(serializer.context["request"].user, rows)


class EstimatedMixin(serializers.Serializer[Any]):
    """Adds the estimate; whoever may not know it gets none."""

    billing_price_estimate = serializers.SerializerMethodField()

    @extend_schema_field(NestedPriceEstimateSerializer)
    def get_billing_price_estimate(self, obj: Any) -> Any:
        estimates = self.context.get("_estimates") if self.parent is not None else None
        if estimates is None:
            estimates = _estimates(self.context["request"].user, [obj])
        return estimates.get(obj.pk, serializers.empty)


def _estimates(user: Any, rows: Sequence[Any]) -> dict[int, dict[str, str]]:
    return {pk: found for estimator in _estimators if rows for pk, found in estimator(user, rows).items()}
