"""The user of a VDC, and a password that nobody has to keep.

The password is derived from the credentials of the agent and a salt in the VDC's template: at first one that follows
from the VDC, later ones are random. So it survives a restart of the agent, and can be read nowhere in OpenNebula.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from . import names
from .daemon import Daemon
from .markup import Thing, template
from .pools import Pools


class Users:
    def __init__(self, daemon: Daemon, pools: Pools) -> None:
        self.daemon = daemon
        self.pools = pools

    def ensure(self, backend_id: str, vdc: Thing, gid: int) -> Thing:
        """The user ``<backend_id>_admin``, whose group is that of the VDC, with the derived password."""
        name = names.administrator(backend_id)
        salt = self._ensure_salt(vdc)
        user = self.daemon.ensure(
            lambda: self.find(backend_id, gid),
            lambda: self.daemon.once("user.allocate", name, self.password(name, salt), "core", [gid]),
            f"user {name}",
        )
        if not self.is_valid(user, salt):
            self.daemon.insist("user.passwd", user.id, self.password(name, salt))
        return user

    def find(self, backend_id: str, gid: int, fresh: bool = True) -> Thing | None:
        """Users carry no tag when they are made; that their primary group is ours says the same."""
        name = names.administrator(backend_id)
        users = self.pools.fresh("users") if fresh else self.pools.all("users")
        return next((user for user in users if user.name == name and user.gid == gid), None)

    def renew(self, user: Thing, vdc: Thing, request: str) -> None:
        """Another password; the old one ends at once. The same request twice has one effect."""
        if request and vdc.note(names.RESET) == request:
            return
        salt = secrets.token_hex(16)
        self._write(vdc, {names.SALT: salt})
        self.daemon.insist("user.passwd", user.id, self.password(user.name, salt))
        if request:
            self._write(vdc, {names.RESET: request})

    def detach(self, user: Thing, gid: int) -> None:
        """Out of a group. Whoever has no other one is removed: signing in again makes him anew, with what he may."""
        others = [group for group in user.ids("GROUPS/ID") if group != gid]
        if not others:
            self.daemon.remove("user.delete", user.id)
            return
        if user.gid == gid:
            self.daemon.insist("user.chgrp", user.id, others[0])
        self.daemon.insist("user.delgroup", user.id, gid, unless="not part of this group")

    def password(self, name: str, salt: str) -> str:
        digest = hmac.digest(self.daemon.session.encode(), f"{name}:{salt}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:18]).decode()

    def known_password(self, user: Thing, vdc: Thing) -> str:
        """Empty when it is another one by now, because the user has changed it."""
        salt = vdc.note(names.SALT)
        return self.password(user.name, salt) if salt and self.is_valid(user, salt) else ""

    def is_valid(self, user: Thing, salt: str) -> bool:
        return hashlib.sha256(self.password(user.name, salt).encode()).hexdigest() == user.text("PASSWORD")

    def _ensure_salt(self, vdc: Thing) -> str:
        salt = vdc.note(names.SALT)
        if not salt:
            salt = f"{vdc.id}-{vdc.note(names.RESOURCE)}"  # two agents at one order have to agree
            self._write(vdc, {names.SALT: salt})
        return salt

    def _write(self, vdc: Thing, notes: dict[str, str]) -> None:
        self.daemon.insist("vdc.update", vdc.id, template(notes), 1)


def is_from_saml(user: Thing) -> bool:
    """Made by OpenNebula when somebody signed in by SAML."""
    return user.text("AUTH_DRIVER") == "saml"
