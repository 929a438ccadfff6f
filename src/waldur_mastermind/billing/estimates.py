"""What this month comes to, for customers, projects and resources: sums over the lines of their pending invoices."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Case, DecimalField, ExpressionWrapper, F, Func, Model, Sum, Value, When
from django.db.models.functions import Greatest, Least
from django.utils import timezone

from waldur_core.structure.models import Customer, Project
from waldur_core.structure.teams import scopes_held
from waldur_mastermind.billing.models import InvoiceItem, PriceEstimate
from waldur_mastermind.marketplace.models import Resource
from waldur_mastermind.marketplace.months import this_month

PATHS: dict[type[Model], str] = {Customer: "invoice__customer", Project: "project", Resource: "resource"}
NUMBER = DecimalField(max_digits=40, decimal_places=20)
SHOWN = Decimal("0.01")


def update_estimates(month: date, resources: Sequence[Resource]) -> None:
    """The estimates of resources, and of the projects and customers they belong to. A fixed number of queries."""
    scopes: dict[type[Model], set[int]] = {
        Customer: {resource.project.customer_id for resource in resources},
        Project: {resource.project_id for resource in resources},
        Resource: {resource.pk for resource in resources},
    }
    rows = [row for model, pks in scopes.items() for row in _sums(month, model, pks)]
    PriceEstimate.objects.bulk_create(
        sorted(rows, key=lambda row: (row.content_type_id, row.object_id)),  # all lock in one order
        update_conflicts=True,
        unique_fields=["content_type", "object_id"],
        update_fields=["month", "total", "current", "tax", "tax_current", "modified"],
        batch_size=1000,
    )


def estimates_for(user: Any, objects: Sequence[Model]) -> dict[int, dict[str, str]]:
    """By primary key, as the API shows them, of those whose cost `user` may know: customers tell theirs only to people
    with a role on them. Zeros where there is nothing to pay."""
    model, pks = type(objects[0]), [obj.pk for obj in objects]
    if model is Customer and not (user.is_staff or user.is_support):
        pks = list(scopes_held(user, Customer).filter(object_id__in=pks).values_list("object_id", flat=True))
    of_model = PriceEstimate.objects.filter(content_type=ContentType.objects.get_for_model(model), object_id__in=pks)
    found = {row.object_id: row for row in of_model.filter(month=this_month())}
    return {pk: as_json(found.get(pk) or PriceEstimate()) for pk in pks}


def as_json(estimate: PriceEstimate) -> dict[str, str]:
    names = ("total", "current", "tax", "tax_current")
    return {name: str(Decimal(getattr(estimate, name)).quantize(SHOWN)) for name in names}


def _sums(month: date, model: type[Model], pks: set[int]) -> list[PriceEstimate]:
    path = PATHS[model]
    lines = InvoiceItem.objects.filter(invoice__year=month.year, invoice__month=month.month)
    taxed = F("invoice__customer__default_tax_percent") / Value(Decimal(100))
    sums: Any = (
        lines.filter(**{f"{path}__in": pks})
        .order_by()
        .values(path)
        .annotate(
            _total=Sum("price"),
            _current=Sum(_accrued()),
            _tax=Sum(ExpressionWrapper(F("price") * taxed, NUMBER)),
            _tax_current=Sum(ExpressionWrapper(_accrued() * taxed, NUMBER)),
        )
    )
    found = {row[path]: row for row in sums}
    content_type = ContentType.objects.get_for_model(model)
    now = timezone.now()
    return [
        PriceEstimate(
            content_type=content_type,
            object_id=pk,
            month=month,
            total=_ten(found, pk, "_total"),
            current=_ten(found, pk, "_current"),
            tax=_ten(found, pk, "_tax"),
            tax_current=_ten(found, pk, "_tax_current"),
            modified=now,
        )
        for pk in pks
    ]


def _ten(found: dict[int, Any], pk: int, name: str) -> Decimal:
    return Decimal(found[pk][name] if pk in found else 0).quantize(Decimal("1e-10"))


def _accrued() -> Any:
    """The part of a line's price that is due up to now: all of what is paid at once or by usage."""
    now = Value(timezone.now())
    seconds = "EXTRACT(EPOCH FROM (%(expressions)s))"
    past = Func(Least(Greatest(now, F("start")), F("end")) - F("start"), template=seconds, output_field=NUMBER)
    whole = Func(F("end") - F("start"), template=seconds, output_field=NUMBER)
    share = ExpressionWrapper(F("price") * past / whole, NUMBER)
    return Case(When(end=F("start"), then=F("price")), When(billing_type="usage", then=F("price")), default=share,
                output_field=NUMBER)  # fmt: skip
