"""Keystone sessions (seed: Backend Connection Flow): one connection pool per cloud, one cached token per login."""

import functools
import hashlib
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.cache import cache
from keystoneauth1 import access, session
from keystoneauth1.identity import v3
from requests.adapters import HTTPAdapter

from waldur_core.secrets.keys import cipher
from waldur_core.structure.models import ServiceSettings

TOKEN_CACHE_SECONDS = 10 * 3600
RENEW_BEFORE_SECONDS = 600


@dataclass(frozen=True)
class Credentials:
    """Where Keystone is, who we are there, and which project we speak for (`project_id`, else `project_name`)."""

    auth_url: str
    username: str
    password: str
    domain: str = "Default"
    project_name: str = ""
    project_id: str = ""
    region: str = ""
    verify_ssl: bool = True
    certificate: str = ""

    @classmethod
    def of(cls, service: ServiceSettings) -> "Credentials":
        secret, options = service.secret_options, service.options
        return cls(
            auth_url=secret.get("backend_url", ""),
            username=secret.get("username", ""),
            password=secret.get("password", ""),
            domain=secret.get("domain") or "Default",
            project_name=secret.get("tenant_name") or "admin",
            region=options.get("region", ""),
            verify_ssl=options.get("verify_ssl", True),
            certificate=secret.get("certificate", ""),
        )

    def in_project(self, project_id: str) -> "Credentials":
        return replace(self, project_id=project_id, project_name="")

    @property
    def key(self) -> str:
        """Name of the cached token: SHA-256 of everything that identifies it."""
        return "keystone:" + hashlib.sha256("\0".join(map(str, astuple(self))).encode()).hexdigest()

    @property
    def verify(self) -> bool | str:
        """What requests calls `verify`: off, the system's store, or a file with the given CA certificate."""
        if not self.verify_ssl or not self.certificate:
            return self.verify_ssl
        name = hashlib.sha256(self.certificate.encode()).hexdigest()[:32]
        path: Path = settings.STATE_DIR / "certificates" / f"{name}.pem"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.certificate)
        return str(path)


class CachedPassword(v3.Password):
    """Password authentication; the token lives, encrypted, in Django's cache, renewed 10 minutes before its end."""

    MIN_TOKEN_LIFE_SECONDS = RENEW_BEFORE_SECONDS

    def __init__(self, credentials: Credentials) -> None:
        scope: dict[str, Any] = {"project_id": credentials.project_id}
        if not credentials.project_id:
            scope = {"project_name": credentials.project_name, **_domain("project", credentials.domain)}
        super().__init__(
            auth_url=credentials.auth_url,
            username=credentials.username,
            password=credentials.password,
            **_domain("user", credentials.domain),
            **scope,
        )
        self.cache_key = credentials.key

    def get_auth_ref(self, session: Any, **kwargs: Any) -> Any:
        cached = cache.get(self.cache_key)
        if cached:
            self.set_auth_state(cipher().decrypt(cached).decode())
            if self.auth_ref and not self.auth_ref.will_expire_soon(RENEW_BEFORE_SECONDS):
                return self.auth_ref
        fresh: access.AccessInfoV3 = super().get_auth_ref(session, **kwargs)
        self.auth_ref = fresh
        cache.set(self.cache_key, cipher().encrypt((self.get_auth_state() or "").encode()), TOKEN_CACHE_SECONDS)
        return fresh

    def invalidate(self) -> bool:
        """The cloud refused the token: forget it everywhere."""
        cache.delete(self.cache_key)
        return bool(super().invalidate())


def _domain(whose: str, domain: str) -> dict[str, Any]:
    """`default` is the id of the domain that is named `Default`; anything else is a name."""
    return {f"{whose}_domain_id": "default"} if domain == "default" else {f"{whose}_domain_name": domain}


@functools.lru_cache(maxsize=64)
def connection_pool(auth_url: str, verify: bool | str) -> session.Session:
    """One pool of connections, and one memory of version discovery, per cloud; shared by all threads."""
    http = requests.Session()
    adapter = HTTPAdapter(pool_connections=16, pool_maxsize=32)
    http.mount("http://", adapter)
    http.mount("https://", adapter)
    timeout = settings.WALDUR_OPENSTACK["API_TIMEOUT"]
    return session.Session(session=http, verify=verify, timeout=timeout, app_name="waldur")


@functools.lru_cache(maxsize=2048)
def authentication(credentials: Credentials) -> CachedPassword:
    return CachedPassword(credentials)
