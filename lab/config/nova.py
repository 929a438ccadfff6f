"""Nova: servers. One file for API, conductor and scheduler, one more per compute host."""

from lab.cloud import HOST, Cloud, compute_numbers
from lab.config.ini import Ini, authtoken, credentials, database, default, messaging, service_user
from lab.places import VENV

NOVNCPROXY_PORT = 6080


def files(cloud: Cloud) -> dict[str, Ini]:
    control = _control(cloud)
    computes = {f"compute-{number}.conf": _compute(cloud, control, number) for number in compute_numbers()}
    return {"nova.conf": control, **computes}


def _control(cloud: Cloud) -> Ini:
    return {
        "DEFAULT": {
            **default(cloud),
            "my_ip": HOST,
            "state_path": cloud.data / "nova",
            "compute_driver": "lab.LabDriver",
            "allow_resize_to_same_host": True,
            # Boot from a new volume: look every second, not every three, whether it is there.
            "block_device_allocate_retries": 300,
            "block_device_allocate_retries_interval": 1,
            "rpc_response_timeout": 120,
            # A service's first heartbeat after a start is its sign of health.
            "report_interval": 4,
        },
        "wsgi": {"api_paste_config": VENV / "etc/nova/api-paste.ini"},
        "api_database": database(cloud, "nova_api"),
        "database": database(cloud, "nova"),
        "keystone_authtoken": authtoken(cloud, "nova"),
        "service_user": service_user(cloud, "nova"),
        "placement": credentials(cloud, "placement"),
        "neutron": credentials(cloud, "neutron"),
        "glance": {"api_servers": cloud.url("glance")},
        "cinder": {
            **credentials(cloud, "cinder"),
            "os_region_name": cloud.region,
            "catalog_info": "volumev3::publicURL",
        },
        "vnc": {"novncproxy_base_url": f"http://{HOST}:{cloud.shifted(NOVNCPROXY_PORT)}/vnc_lite.html"},
        # Both, so that either can be listened to; task states as well, for a server is seldom still.
        "notifications": {"notification_format": "both", "notify_on_state_change": "vm_and_task_state"},
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1},
        **messaging(cloud),
    }


def _compute(cloud: Cloud, control: Ini, number: int) -> Ini:
    state = cloud.compute_state(number)
    # A compute service must not reach the databases: it logs every refused access with a traceback.
    sections = {name: options for name, options in control.items() if "database" not in name}
    return {
        **sections,
        "DEFAULT": {**control["DEFAULT"], "host": cloud.compute_host(number), "state_path": state},
        "oslo_concurrency": {"lock_path": state / "locks"},
    }
