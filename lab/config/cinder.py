"""Cinder: volumes and backups, kept as files by the lab's own driver."""

from lab.cloud import HOST, Cloud
from lab.config.ini import Ini, authtoken, credentials, database, default, messaging, service_user
from lab.places import VENV, program


def files(cloud: Cloud) -> dict[str, Ini]:
    # Cinder would start it through sudo: backups then hang where there is none.
    privsep = {"helper_command": program("privsep-helper")}
    return {
        "cinder.conf": {
            "DEFAULT": {
                **default(cloud),
                "my_ip": HOST,
                "host": f"{cloud.name}-volume",
                "state_path": cloud.data / "cinder",
                "enabled_backends": "lab",
                "default_volume_type": "ssd",
                # how often the scheduler is told of the pools, should it have missed the first time
                "periodic_interval": 5,
                "periodic_fuzzy_delay": 0,
                "glance_api_servers": cloud.url("glance"),
                "storage_availability_zone": "nova",
                "allow_availability_zone_fallback": True,
                "image_conversion_dir": cloud.data / "conversion",
                "backup_driver": "cinder.backup.drivers.posix.PosixBackupDriver",
                "backup_posix_path": cloud.data / "backups",
                "backup_file_size": 64 * 1024 * 1024,  # read into memory as a whole; 2 GB by default
                "backup_compression_algorithm": "none",
                "backup_workers": 1,
                "api_paste_config": VENV / "etc/cinder/api-paste.ini",
                "resource_query_filters_file": VENV / "etc/cinder/resource_filters.json",
            },
            "lab": {
                "volume_driver": "waldur_lab_drivers.volumes.LabVolumeDriver",
                "volume_backend_name": "lab",
                "lab_volumes_dir": cloud.data / "volumes",
                "lab_pools": "ssd,hdd",
            },
            "coordination": {"backend_url": f"file://{cloud.data}/coordination"},
            "privsep_osbrick": {**privsep},
            "cinder_sys_admin": {**privsep},
            "database": database(cloud, "cinder"),
            "keystone_authtoken": authtoken(cloud, "cinder"),
            "service_user": service_user(cloud, "cinder"),
            "nova": {**credentials(cloud, "nova"), "interface": "internal"},
            **messaging(cloud),
        }
    }
