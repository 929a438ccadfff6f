from rest_framework.routers import BaseRouter

from waldur_openstack.api import (
    block_storage,
    catalogue,
    compute,
    drift,
    identity,
    images,
    network,
    notifications,
    quota_totals,
    security,
    sync,
)
from waldur_openstack.api.block_storage import backup_views, schedule_views, snapshot_views
from waldur_openstack.api.compute import server_groups
from waldur_openstack.api.network import floating_ip_views

ROUTES = {
    "tenant": identity.TenantViewSet,
    "instance": compute.InstanceViewSet,
    "server-group": server_groups.ServerGroupViewSet,
    "volume": block_storage.VolumeViewSet,
    "snapshot": snapshot_views.SnapshotViewSet,
    "snapshot-schedule": schedule_views.SnapshotScheduleViewSet,
    "backup": backup_views.BackupViewSet,
    "backup-schedule": schedule_views.BackupScheduleViewSet,
    "network": network.NetworkViewSet,
    "subnet": network.SubNetViewSet,
    "router": network.RouterViewSet,
    "external-network": network.ExternalNetworkViewSet,
    "port": network.PortViewSet,
    "floating-ip": floating_ip_views.FloatingIPViewSet,
    "security-group": security.SecurityGroupViewSet,
    "flavor": catalogue.FlavorViewSet,
    "image": catalogue.ImageViewSet,
    "volume-type": catalogue.VolumeTypeViewSet,
    "instance-availability-zone": catalogue.InstanceZoneViewSet,
    "volume-availability-zone": catalogue.VolumeZoneViewSet,
    "drift": drift.DriftViewSet,
    "notification-listener": notifications.NotificationListenerViewSet,
}

TOTALS = {
    "project": quota_totals.ProjectQuotasViewSet,
    "customer": quota_totals.CustomerQuotasViewSet,
    "service-settings": quota_totals.CloudQuotasViewSet,
}


def register(router: BaseRouter) -> None:
    for name, view_set in ROUTES.items():
        router.register(f"openstack-{name}s", view_set, basename=f"openstack-{name}")
    policies = "openstack-network-rbac-policies"
    router.register(policies, network.NetworkRBACPolicyViewSet, basename="openstack-network-rbac-policy")
    for name, totals in TOTALS.items():
        router.register(f"{name}-quotas", totals, basename=f"{name}-quota")
    router.register("sync-runs", sync.SyncRunViewSet, basename="sync-run")
    router.register("sync-states", sync.CloudSyncViewSet, basename="sync-state")
    # the seed's path and the public client's
    for name in ("openstack-marketplace", "openstack-marketplace-tenants"):
        router.register(name, images.ImageUploadViewSet, basename=name.removesuffix("s"))
    # the seed's short name
    router.register("openstack-sgp", security.SecurityGroupViewSet, basename="openstack-sgp")
