"""Glance: images, kept as files."""

from lab.cloud import Cloud
from lab.config.ini import Ini, authtoken, database, default, messaging
from lab.places import VENV


def files(cloud: Cloud) -> dict[str, Ini]:
    images = cloud.data / "glance"
    return {
        "glance-api.conf": {
            "DEFAULT": {
                **default(cloud),
                "enabled_backends": "file:file",
                "node_staging_uri": f"file://{cloud.data}/glance-staging",
                "image_cache_dir": cloud.data / "glance-cache",
            },
            "database": database(cloud, "glance"),
            "keystone_authtoken": authtoken(cloud, "glance"),
            "paste_deploy": {
                "flavor": "keystone",
                "config_file": VENV / "etc/glance/glance-api-paste.ini",
            },
            "glance_store": {"default_backend": "file"},
            "file": {"filesystem_store_datadir": images},
            "os_glance_staging_store": {"filesystem_store_datadir": cloud.data / "glance-staging"},
            "os_glance_tasks_store": {"filesystem_store_datadir": cloud.data / "glance-tasks"},
            **messaging(cloud),
        }
    }
