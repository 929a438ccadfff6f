"""The services' configuration files, each declared in a module of its service's name."""

import shutil

from lab.cloud import Cloud, compute_numbers
from lab.config import cinder, glance, keystone, neutron, nova, placement
from lab.config.ini import Ini
from lab.places import VENV


def write(cloud: Cloud) -> None:
    states = [cloud.compute_state(number) for number in compute_numbers()]
    for directory in (cloud.etc, cloud.logs, cloud.pids, cloud.data, *states):
        directory.mkdir(parents=True, exist_ok=True)
    for service in (cinder, glance, keystone, neutron, nova, placement):
        folder = cloud.etc / service.__name__.rpartition(".")[2]
        folder.mkdir(exist_ok=True)
        for name, content in service.files(cloud).items():
            (folder / name).write_text(_text(content))
    # Nova's WSGI module insists on finding this one next to nova.conf.
    shutil.copy(VENV / "etc/nova/api-paste.ini", cloud.etc / "nova")


def _text(content: Ini) -> str:
    lines: list[str] = []
    for section, options in content.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {value}" for name, value in options.items()]
        lines.append("")
    return "\n".join(lines)
