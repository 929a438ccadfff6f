"""The cloud as it was after its first start, so that `reset` need not build it again."""

import shutil

from lab import databases, infra
from lab.cloud import Cloud, compute_numbers

IDENTITY = "identity"


def exists(cloud: Cloud) -> bool:
    return (cloud.template / IDENTITY).exists()


def is_in_place(cloud: Cloud) -> bool:
    """Do MariaDB and RabbitMQ still hold the cloud that this template was taken of?"""
    identity = (cloud.template / IDENTITY).read_text()
    return databases.identity(cloud) == identity and infra.vhost_exists(cloud)


def save(cloud: Cloud) -> None:
    shutil.rmtree(cloud.template, ignore_errors=True)
    cloud.template.mkdir()
    databases.dump(cloud)
    shutil.copytree(cloud.data / "glance", cloud.template / "glance")
    # Last, for it says that the template is whole.
    (cloud.template / IDENTITY).write_text(databases.identity(cloud))


def restore(cloud: Cloud) -> None:
    databases.restore(cloud)
    infra.create_vhost(cloud)
    # The computes' ids there match the rows that are back in the database.
    keep = [cloud.compute_state(number) for number in compute_numbers()]
    for path in cloud.data.iterdir():
        if path not in keep:
            shutil.rmtree(path)
    shutil.copytree(cloud.template / "glance", cloud.data / "glance")
