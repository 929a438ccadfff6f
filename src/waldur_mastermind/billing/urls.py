from rest_framework.routers import BaseRouter

from waldur_mastermind.billing.api.invoices import InvoiceViewSet
from waldur_mastermind.billing.api.items import InvoiceItemViewSet


def register(router: BaseRouter) -> None:
    router.register("invoices", InvoiceViewSet, basename="invoice")
    router.register("invoice-items", InvoiceItemViewSet, basename="invoice-item")
