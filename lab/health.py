"""Which of the cloud's processes work."""

from datetime import UTC, datetime

from lab import processes
from lab.api import Api, answers
from lab.cloud import APIS, Cloud
from lab.report import LabError
from lab.waiting import wait_until

PATIENCE = 180.0  # seconds


def wait_for_api(cloud: Cloud, api: str) -> None:
    wait_until(lambda: answers(cloud, api) or not processes.pid(cloud, api), PATIENCE)
    if not processes.pid(cloud, api):
        raise LabError(f"{api} died; see {cloud.log(api)}")
    if not answers(cloud, api):
        raise LabError(f"{api} does not answer; see {cloud.log(api)}")


def wait_for_agents(cloud: Cloud, since: float) -> None:
    """Wait until each process without an API has sent a heartbeat after `since` (epoch seconds)."""
    expected, api = processes.commands(cloud).keys() - APIS.keys(), Api(cloud)

    def missing() -> list[str]:
        return sorted(expected - agents(api, since))

    def is_over() -> bool:
        """Nothing is missing, or what is has died."""
        return all(not processes.pid(cloud, name) for name in missing()[:1])

    wait_until(is_over, PATIENCE)
    for name in missing():
        what = f"no heartbeat from {name}" if processes.pid(cloud, name) else f"{name} died"
        raise LabError(f"{what}; see {cloud.log(name)}")


def wait_for_pools(cloud: Cloud) -> None:
    """Wait until Cinder's scheduler has heard of the pools: it makes no volume before, and after a minute gives up."""
    api = Api(cloud)
    if not wait_until(lambda: api.get(f"{api.cinder}/scheduler-stats/get_pools")["pools"], PATIENCE):
        raise LabError(f"cinder-scheduler knows no pool; see {cloud.log('cinder-volume')}")


def agents(api: Api, since: float = 0) -> set[str]:
    """Names of the processes without an API that Nova and Cinder count as up."""
    services = api.get(f"{api.nova}/os-services")["services"]
    services += api.get(f"{api.cinder}/os-services")["services"]
    return {_process(s) for s in services if s["state"] == "up" and _heartbeat(s) > since}


def _process(service: dict[str, str]) -> str:
    """There are several nova-compute: the one on host "c1-compute-2" is our nova-compute-2."""
    binary = service["binary"]
    return f"{binary}-{service['host'].rpartition('-')[2]}" if binary == "nova-compute" else binary


def _heartbeat(service: dict[str, str | None]) -> float:
    reported = service["updated_at"]
    return datetime.fromisoformat(reported).replace(tzinfo=UTC).timestamp() if reported else 0


def show(cloud: Cloud) -> bool:
    """Print a line for each process; True if all work."""
    healthy = True
    total = 0.0
    names = processes.commands(cloud)
    needed = ("keystone", "nova-api", "cinder-api")
    up = agents(Api(cloud)) if all(answers(cloud, api) for api in needed) else set()
    for name in sorted(names):
        number = processes.pid(cloud, name)
        well = number is not None and (answers(cloud, name) if name in APIS else name in up)
        healthy = healthy and well
        if number is None:
            print(f"{name:18} down                               {cloud.log(name)}")
            continue
        memory = processes.memory(number)
        total += memory
        word = "ok" if well else f"NOT WELL  {cloud.log(name)}"
        print(f"{name:18} pid {number:<8} {memory:6.0f} MiB   {word}")
    print(f"{cloud.name} {'is up' if healthy else 'is not up'}: {cloud.auth_url}, {total:.0f} MiB")
    return healthy
