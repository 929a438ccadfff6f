"""What one cloud of the lab is: its name, addresses, directories and databases."""

from dataclasses import dataclass
from pathlib import Path

from lab import places

# The lab listens on 127.0.0.1 only and holds nothing worth keeping: one password for everything.
SECRET = "labsecret"
HOST = "127.0.0.1"

# Availability zone: numbers of its compute hosts.
ZONES = {"nova": (1, 2), "az2": (3,)}

DATABASES = ("keystone", "placement", "glance", "nova_api", "nova", "nova_cell0", "neutron", "cinder")

CLOUDS = ("c1", "c2")


@dataclass(frozen=True)
class ApiService:
    port: int
    module: str  # holds the WSGI application
    health: str  # a path that answers without a token


APIS = {
    "keystone": ApiService(5000, "keystone.wsgi.api", "/v3"),
    "placement": ApiService(8778, "placement.wsgi.api", "/"),
    "glance": ApiService(9292, "glance.wsgi.api", "/healthcheck"),
    "nova-api": ApiService(8774, "nova.wsgi.osapi_compute", "/"),
    "neutron": ApiService(9696, "neutron.wsgi.api", "/"),
    "cinder-api": ApiService(8776, "cinder.wsgi.api", "/"),
}


@dataclass(frozen=True)
class Cloud:
    name: str  # one of CLOUDS

    @property
    def number(self) -> int:
        return CLOUDS.index(self.name) + 1

    @property
    def region(self) -> str:
        return f"Region{self.number}"

    @property
    def external_cidr(self) -> str:
        return f"10.{112 + self.number}.0.0/16"

    @property
    def home(self) -> Path:
        return places.HOME / self.name

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def logs(self) -> Path:
        return self.home / "log"

    @property
    def pids(self) -> Path:
        return self.home / "pid"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def template(self) -> Path:
        """The state after the first start, which `reset` returns to."""
        return self.home / "template"

    @property
    def vhost(self) -> str:
        """RPC queues are named by topic ("conductor"), so two clouds cannot share one vhost."""
        return f"waldur_lab_{self.name}"

    @property
    def auth_url(self) -> str:
        return self.url("keystone", "/v3")

    def shifted(self, port: int) -> int:
        """A port number of this cloud, so that several stand side by side."""
        return port + 20000 * (self.number - 1)

    def port(self, api: str) -> int:
        return self.shifted(APIS[api].port)

    def url(self, api: str, path: str = "") -> str:
        return f"http://{HOST}:{self.port(api)}{path}"

    def database(self, name: str) -> str:
        return f"waldur_lab_{self.name}_{name}"

    def compute_host(self, number: int) -> str:
        return f"{self.name}-compute-{number}"

    def compute_state(self, number: int) -> Path:
        """Where a nova-compute remembers which node of Nova's database it is."""
        return self.data / f"nova-compute-{number}"

    def conf(self, service: str, file: str = "") -> Path:
        return self.etc / service / (file or f"{service}.conf")

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def openrc(self) -> str:
        variables = {
            "OS_AUTH_URL": self.auth_url,
            "OS_USERNAME": "admin",
            "OS_PASSWORD": SECRET,
            "OS_PROJECT_NAME": "admin",
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": self.region,
            "OS_IDENTITY_API_VERSION": "3",
            "OS_INTERFACE": "public",
        }
        return "".join(f"export {name}={value}\n" for name, value in variables.items())


def compute_numbers() -> list[int]:
    return sorted(number for numbers in ZONES.values() for number in numbers)
