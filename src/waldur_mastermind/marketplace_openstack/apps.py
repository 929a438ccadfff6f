from django.apps import AppConfig


class MarketplaceOpenstackConfig(AppConfig):
    name = "waldur_mastermind.marketplace_openstack"
    label = "marketplace_openstack"

    def ready(self) -> None:
        from waldur_core.structure.extra_fields import register as register_fields
        from waldur_core.structure.offerings import register as register_finder
        from waldur_mastermind.marketplace.plugins import register
        from waldur_mastermind.marketplace_openstack import handlers, metering  # noqa: F401  (connects the receivers)
        from waldur_mastermind.marketplace_openstack.extra_fields import marketplace_fields, offering_scope
        from waldur_mastermind.marketplace_openstack.in_tenant import InstancePlugin, VolumePlugin
        from waldur_mastermind.marketplace_openstack.recovery import clouds, metadata, terminations
        from waldur_mastermind.marketplace_openstack.tenants import TenantPlugin
        from waldur_openstack.sync.errands import register as register_errand

        register(
            TenantPlugin(),
            {"structure.servicesettings": "servicesettings-detail", "openstack.tenant": "openstack-tenant-detail"},
        )
        register(InstancePlugin(), {"openstack.instance": "openstack-instance-detail"})
        register(VolumePlugin(), {"openstack.volume": "openstack-volume-detail"})
        register_fields(marketplace_fields)
        register_finder(offering_scope)
        register_errand(clouds.TASK, clouds.recover)
        register_errand(metadata.TASK, metadata.refresh_servers)
        register_errand(terminations.TASK, terminations.end_stuck_terminations)
