"""MariaDB and RabbitMQ: the machine's own services, installed and started when they are missing.

The lab never stops them: they may serve others. It works under an account of its own in each.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from lab.cloud import HOST, SECRET, Cloud
from lab.report import LabError, say
from lab.waiting import wait_until

ACCOUNT = "waldur_lab"
NOTIFICATIONS = r"^(versioned_)?notifications\."


def database_url(cloud: Cloud, name: str) -> str:
    return f"mysql+pymysql://{ACCOUNT}:{SECRET}@{HOST}/{cloud.database(name)}?charset=utf8mb4"


def transport_url(cloud: Cloud) -> str:
    return f"rabbit://{ACCOUNT}:{SECRET}@{HOST}:5672/{cloud.vhost}"


def notifications_url(cloud: Cloud) -> str:
    """LAB_NOTIFICATIONS: "off", or the URL of another broker than the lab's own."""
    asked = os.environ.get("LAB_NOTIFICATIONS", "")
    return "" if asked == "off" else asked or transport_url(cloud)


def ensure() -> None:
    _ensure_service("mariadb", "mariadb-server", 3306, "/var/log/mysql, /var/lib/mysql/*.err")
    _ensure_service("rabbitmq-server", "rabbitmq-server", 5672, "/var/log/rabbitmq")


def _ensure_service(service: str, package: str, port: int, log: str) -> None:
    if _listening(port):
        return
    if not Path("/etc/init.d", service).exists():
        say(f"apt-get install {package}")
        _apt_install(package)
    if not _listening(port):
        say(f"starting {service}")
        # Not through systemctl: containers have no systemd, and `service` knows both ways.
        done = subprocess.run(["service", service, "start"], capture_output=True, text=True)
        if not wait_until(lambda: _listening(port), 60):
            output = done.stdout + done.stderr
            raise LabError(f"{service} does not listen on {HOST}:{port}; see {log}\n{output.strip()}")


def _apt_install(package: str) -> None:
    if os.geteuid() != 0:
        raise LabError(f"{package} is not installed; as root: apt-get install {package}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    for command in (install, ["apt-get", "update", "-q"], install):
        # Package lists may be absent or stale: they are fetched only when the first try fails.
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if command is install and done.returncode == 0:
            return
    raise LabError(f"{' '.join(install)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


def sql(statements: str) -> str:
    """Run statements as MariaDB's root (through its socket) and return the rows."""
    done = subprocess.run(["mariadb", "-uroot", "-BN"], input=statements, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"mariadb -uroot: {done.stderr.strip()}")
    return done.stdout


def rabbitmqctl(*arguments: str, check: bool = True) -> str:
    if not shutil.which("rabbitmqctl"):
        raise LabError("no rabbitmqctl: the lab needs RabbitMQ on this machine, not in a container")
    done = subprocess.run(["rabbitmqctl", "-q", *arguments], capture_output=True, text=True)
    if check and done.returncode:
        raise LabError(f"rabbitmqctl {' '.join(arguments)}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def create_vhost(cloud: Cloud) -> None:
    """An empty vhost, without the messages an earlier run left."""
    rabbitmqctl("delete_vhost", cloud.vhost, check=False)
    rabbitmqctl("add_vhost", cloud.vhost)
    rabbitmqctl("add_user", ACCOUNT, SECRET, check=False)
    rabbitmqctl("set_permissions", "-p", cloud.vhost, ACCOUNT, ".*", ".*", ".*")
    # oslo.messaging makes queues for notifications that nobody reads here: they must not grow.
    rabbitmqctl("set_policy", "-p", cloud.vhost, "notifications", NOTIFICATIONS, '{"max-length": 100}')


def vhost_exists(cloud: Cloud) -> bool:
    return cloud.vhost in rabbitmqctl("list_vhosts", "--no-table-headers").split()
