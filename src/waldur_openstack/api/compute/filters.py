"""Which servers a list shows, and in which order."""

from typing import Any

import django_filters
from django.db.models import GenericIPAddressField, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.filters import AddressFilter, AnyOfFilter, LinkFilter, UUIDFilter
from waldur_openstack.api.base import TenantObjectFilter
from waldur_openstack.api.block_storage.volume_actions import READY_SERVERS
from waldur_openstack.models import FloatingIP, Instance, Port, Volume


class AttachableFilter(django_filters.UUIDFilter):
    """`?attach_volume_uuid=`: the servers that this volume can be attached to; an unknown volume gives none."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return qs
        volumes = visible_to(self.parent.request.user, Volume.objects.filter(uuid=value))
        volume = volumes.select_related("service_settings", "availability_zone").first()
        if volume is None or volume.instance_id:
            return qs.none()
        return qs.filter(_in_zone_of(volume), tenant_id=volume.tenant_id, state="OK", runtime_state__in=READY_SERVERS)


def _in_zone_of(volume: Volume) -> Q:
    """The zones of servers that go with the volume's zone, where the operator says so."""
    zones = volume.service_settings.options.get("valid_availability_zones") or {}
    if not zones or volume.availability_zone is None:
        return Q()
    matching = [name for name, wanted in zones.items() if wanted == volume.availability_zone.name]
    return Q(availability_zone=None) | Q(availability_zone__name__in=matching)


class InstanceFilter(TenantObjectFilter):
    runtime_state = django_filters.CharFilter()
    availability_zone_name = django_filters.CharFilter(field_name="availability_zone__name")
    security_group = LinkFilter(field_name="security_groups")
    security_group_uuid = UUIDFilter(field_name="security_groups__uuid")
    external_ip = AddressFilter(field_name="ports__floating_ips__address", distinct=True)
    attach_volume_uuid = AttachableFilter()
    query = AnyOfFilter(paths=("name", "description", "backend_id", "flavor_name", "image_name"))

    class Meta:
        model = Instance
        fields = ()


def with_addresses(queryset: QuerySet[Instance]) -> QuerySet[Instance]:
    """With the lowest private and public address of each server, to sort by."""
    ports = Port.objects.filter(instance=OuterRef("pk")).annotate(first=KT("fixed_ips__0__ip_address"))
    private = ports.filter(first__isnull=False).annotate(ip=Cast("first", GenericIPAddressField())).order_by("ip")
    public = FloatingIP.objects.filter(port__instance=OuterRef("pk")).exclude(address=None).order_by("address")
    return queryset.annotate(
        lowest_internal_ip=Subquery(private.values("ip")[:1]),
        lowest_external_ip=Subquery(public.values("address")[:1]),
    )
