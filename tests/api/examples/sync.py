"""Examples of looks at clouds: the provider's business."""

from typing import Any

from tests.api.examples import example_of
from tests.factories import Cast
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import CloudSync, SyncRun


def settings_of(cast: Cast) -> ServiceSettings:
    found, _ = ServiceSettings.objects.get_or_create(
        name="Looked at", type="OpenStack", state=CoreState.OK, customer=cast.provider
    )
    return found


def new_run(cast: Cast) -> dict[str, Any]:
    return {"service_settings": f"http://testserver/api/service-settings/{settings_of(cast).uuid.hex}/"}


@example_of(SyncRun, seen_by=frozenset({"provider_owner"}), new=new_run, made_on=("provider",))
def sync_run(cast: Cast) -> SyncRun:
    return SyncRun.objects.create(service_settings=settings_of(cast), task="sync_changes", state=SyncRun.State.DONE)


@example_of(CloudSync, seen_by=frozenset({"provider_owner"}))
def cloud_sync(cast: Cast) -> CloudSync:
    return CloudSync.objects.create(service_settings=settings_of(cast))
