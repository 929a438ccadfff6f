"""`waldur import_tenant_quotas`: the marketplace takes over the limits and usages that clouds tell."""

from waldur_mastermind.marketplace_openstack import tenant_quotas
from waldur_mastermind.marketplace_openstack.management.quotas import TenantQuotasCommand
from waldur_mastermind.marketplace_openstack.tenant_quotas import Differences, Look


class Command(TenantQuotasCommand):
    help = "Import limits and usages of tenants from their clouds."
    title = "Reading quotas"

    def differences(self, look: Look) -> Differences:
        return tenant_quotas.to_import(look)

    def settle(self, look: Look) -> None:
        tenant_quotas.take(look)
