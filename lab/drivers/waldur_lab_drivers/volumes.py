"""Cinder volume driver of the lab: each volume and each snapshot is one plain file.

One backend has two pools, each with its own volume_backend_name, so that volume types differ and
can be retyped. The data are real: snapshot, clone, backup, restore and upload to an image copy the
bytes. Only the scale is not: a GiB of volume is a MiB of file, so that copies stay quick.
"""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from cinder import exception, interface, objects
from cinder.context import RequestContext
from cinder.volume import configuration, driver, volume_utils
from oslo_config import cfg

OPTIONS = [
    cfg.StrOpt("lab_volumes_dir", help="Where the files are."),
    cfg.ListOpt("lab_pools", default=["ssd", "hdd"]),
    cfg.IntOpt("lab_pool_size_gb", default=1000000),
    cfg.IntOpt("lab_bytes_per_gib", default=1024 * 1024),
]
cfg.CONF.register_opts(OPTIONS, group=configuration.SHARED_CONF_GROUP)

Model = dict[str, Any]  # fields of the volume or snapshot that Cinder is to update


@interface.volumedriver
class LabVolumeDriver(driver.VolumeDriver):
    VERSION = "1.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(OPTIONS)
        self.directory = Path(self.configuration.lab_volumes_dir)

    # -- files ---------------------------------------------------------------

    def _volume(self, volume: objects.Volume) -> Path:
        return self.directory / f"volume-{volume['name_id']}"

    def _snapshot(self, snapshot: objects.Snapshot) -> Path:
        return self.directory / f"snapshot-{snapshot['id']}"

    def _grow(self, path: Path, gigabytes: int) -> None:
        """Never shrinks: a volume holds its whole image, however small the volume."""
        size = int(gigabytes) * self.configuration.lab_bytes_per_gib
        with path.open("ab") as file:
            if file.tell() < size:
                file.truncate(size)

    def _copy(self, source: Path, target: Path, gigabytes: int) -> None:
        unfinished = target.with_suffix(".part")
        shutil.copyfile(source, unfinished)
        unfinished.replace(target)
        self._grow(target, gigabytes)

    # -- start and statistics ------------------------------------------------

    def do_setup(self, context: RequestContext) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)

    def check_for_setup_error(self) -> None:
        if not self.directory.is_dir():
            raise exception.VolumeBackendAPIException(data=f"{self.directory} is not a directory")

    def _update_volume_stats(self) -> None:
        size = self.configuration.lab_pool_size_gb
        self._stats = {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name"),
            "vendor_name": "lab",
            "driver_version": self.VERSION,
            "storage_protocol": "local",
            "pools": [
                {
                    "pool_name": pool,
                    "volume_backend_name": pool,
                    "total_capacity_gb": size,
                    "free_capacity_gb": size,
                    "provisioned_capacity_gb": 0,
                    "reserved_percentage": 0,
                    "max_over_subscription_ratio": 100.0,
                    "thin_provisioning_support": True,
                    "thick_provisioning_support": False,
                    "QoS_support": False,
                    "multiattach": True,
                    "online_extend_support": True,
                }
                for pool in self.configuration.lab_pools
            ],
        }

    # -- volumes and snapshots -----------------------------------------------

    def create_volume(self, volume: objects.Volume) -> Model:
        self._grow(self._volume(volume), volume["size"])
        return {"provider_location": self.local_path(volume)}

    def delete_volume(self, volume: objects.Volume) -> None:
        self._volume(volume).unlink(missing_ok=True)

    def extend_volume(self, volume: objects.Volume, new_size: int) -> None:
        self._grow(self._volume(volume), new_size)

    def create_cloned_volume(self, volume: objects.Volume, src_vref: objects.Volume) -> Model:
        self._copy(self._volume(src_vref), self._volume(volume), volume["size"])
        return {"provider_location": self.local_path(volume)}

    def create_volume_from_snapshot(self, volume: objects.Volume, snapshot: objects.Snapshot) -> Model:
        self._copy(self._snapshot(snapshot), self._volume(volume), volume["size"])
        return {"provider_location": self.local_path(volume)}

    def local_path(self, volume: objects.Volume) -> str:
        return str(self._volume(volume))

    def create_snapshot(self, snapshot: objects.Snapshot) -> Model:
        self._copy(self._volume(snapshot.volume), self._snapshot(snapshot), snapshot.volume_size)
        return {"provider_location": str(self._snapshot(snapshot))}

    def delete_snapshot(self, snapshot: objects.Snapshot) -> None:
        self._snapshot(snapshot).unlink(missing_ok=True)

    def revert_to_snapshot(self, context: RequestContext, volume: objects.Volume, snapshot: objects.Snapshot) -> None:
        self._copy(self._snapshot(snapshot), self._volume(volume), volume.size)

    # -- images --------------------------------------------------------------

    def clone_image(
        self,
        context: RequestContext,
        volume: objects.Volume,
        image_location: Any,
        image_meta: dict[str, Any],
        image_service: Any,
    ) -> tuple[Model, bool]:
        """True keeps Cinder away from its own download path, which needs qemu-img."""
        self.copy_image_to_volume(context, volume, image_service, image_meta["id"])
        return {"provider_location": self.local_path(volume)}, True

    def copy_image_to_volume(
        self,
        context: RequestContext,
        volume: objects.Volume,
        image_service: Any,
        image_id: str,
        disable_sparse: bool = False,
    ) -> None:
        path = self._volume(volume)
        with path.open("wb") as file:
            image_service.download(context, image_id, file)
        self._grow(path, volume["size"])

    def copy_volume_to_image(
        self, context: RequestContext, volume: objects.Volume, image_service: Any, image_meta: dict[str, Any]
    ) -> None:
        with self._volume(volume).open("rb") as file:
            image_service.update(context, image_meta["id"], {}, file)

    # -- attach: the guest does not exist, only cinder-backup opens the file ---

    def ensure_export(self, context: RequestContext, volume: objects.Volume) -> None:
        pass

    def create_export(self, context: RequestContext, volume: objects.Volume, connector: Any) -> None:
        pass

    def remove_export(self, context: RequestContext, volume: objects.Volume) -> None:
        pass

    def initialize_connection(self, volume: objects.Volume, connector: Any) -> dict[str, Any]:
        return _local(self._volume(volume), "rw")

    def terminate_connection(self, volume: objects.Volume, connector: Any, **kwargs: Any) -> None:
        pass

    def create_export_snapshot(self, context: RequestContext, snapshot: objects.Snapshot, connector: Any) -> None:
        pass

    def remove_export_snapshot(self, context: RequestContext, snapshot: objects.Snapshot) -> None:
        pass

    def initialize_connection_snapshot(
        self, snapshot: objects.Snapshot, connector: Any, **kwargs: Any
    ) -> dict[str, Any]:
        return _local(self._snapshot(snapshot), "ro")

    def terminate_connection_snapshot(self, snapshot: objects.Snapshot, connector: Any, **kwargs: Any) -> None:
        pass

    # -- retype, migrate, manage ---------------------------------------------

    def _stays_here(self, volume: objects.Volume, host: dict[str, Any]) -> bool:
        backends = (volume_utils.extract_host(name, "backend") for name in (volume["host"], host["host"]))
        return len(set(backends)) == 1

    def retype(
        self, context: RequestContext, volume: objects.Volume, new_type: Any, diff: Any, host: dict[str, Any]
    ) -> tuple[bool, Model | None]:
        """Pools share one directory: moving between them moves no data."""
        return self._stays_here(volume, host), None

    def migrate_volume(
        self, context: RequestContext, volume: objects.Volume, host: dict[str, Any]
    ) -> tuple[bool, Model | None]:
        return self._stays_here(volume, host), None

    def update_migrated_volume(
        self,
        ctxt: RequestContext,
        volume: objects.Volume,
        new_volume: objects.Volume,
        original_volume_status: str,
    ) -> Model:
        return {
            "_name_id": new_volume["_name_id"] or new_volume["id"],
            "provider_location": new_volume["provider_location"],
        }

    def manage_existing(self, volume: objects.Volume, existing_ref: dict[str, str]) -> Model:
        (self.directory / existing_ref["source-name"]).replace(self._volume(volume))
        return {"provider_location": self.local_path(volume)}

    def manage_existing_get_size(self, volume: objects.Volume, existing_ref: dict[str, str]) -> int:
        size = (self.directory / existing_ref["source-name"]).stat().st_size
        return max(1, -(-size // self.configuration.lab_bytes_per_gib))

    def unmanage(self, volume: objects.Volume) -> None:
        pass


def _local(path: Path, mode: str) -> dict[str, Any]:
    """The connection type whose os-brick connector opens a file of this machine."""
    return {"driver_volume_type": "local", "data": {"device_path": str(path), "access_mode": mode}}
