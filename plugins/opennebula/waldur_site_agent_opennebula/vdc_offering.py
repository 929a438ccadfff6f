"""Offerings of virtual data centers: what the marketplace wants of one, said to OpenNebula."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from . import units
from .cloud import Cloud
from .core import names, quotas
from .core.errors import BadInput, CloudError
from .core.markup import Thing
from .core.networks import block_of
from .core.options import Network, read_network, read_placement, whole
from .core.subnets import read_block
from .core.users import is_from_saml
from .core.vdcs import Order, external_network
from .wanted import Wanted

logger = logging.getLogger(__name__)

# in the metadata: a new password is asked for; the wish that was served last
WISH, RENEWED = "access_renewal", "access_renewed"


class VdcOffering:
    def __init__(self, cloud: Cloud, settings: Mapping[str, Any]) -> None:
        self.cloud = cloud
        self.with_user = bool(settings.get("create_opennebula_user"))

    def create(self, wanted: Wanted) -> dict[str, Any]:
        """Its metadata."""
        options = wanted.options
        network = read_network(options)
        external = options.get("external_network_id")
        order = Order(
            backend_id=wanted.backend_id,
            resource=wanted.resource,
            limits=self._native(wanted.limits, wanted.components),
            placement=read_placement(options),
            network=network,
            subnet=_subnet(wanted, network),
            with_user=self.with_user,
            external_network_id=None if external in (None, "") else whole(external, "external_network_id"),
            description=wanted.name,
            notes={names.FACTORS: units.note(wanted.components), names.PROJECT: wanted.project},
        )
        self.cloud.vdcs.create(order)
        return self.metadata(wanted.backend_id)

    def exists(self, backend_id: str) -> bool:
        return self.cloud.vdcs.find(backend_id) is not None

    def inventory(self) -> dict[str, str]:
        """{backend id: slug of the project} of all that is there and complete."""
        vdcs = [vdc for vdc in self.cloud.pools.tagged("vdcs") if vdc.note(names.STATE) == names.READY]
        return {vdc.note(names.BACKEND_ID): vdc.note(names.PROJECT) for vdc in vdcs}

    def tidy(self, backend_id: str) -> None:
        """What a late request has made is ended; if it cannot be now, then in the next cycle."""
        try:
            self.cloud.vdcs.routers.end_doubles(backend_id)
        except CloudError as error:
            logger.error("A second router of %s is still there: %s", backend_id, error)

    def delete(self, backend_id: str) -> None:
        vdc = self.cloud.vdcs.find(backend_id) or self.cloud.vdcs.replace(backend_id)
        if vdc is not None:
            self.cloud.vdcs.delete(vdc)

    def set_limits(self, backend_id: str, limits: Mapping[str, Any], components: units.Components) -> None:
        vdc, group = self._get(backend_id)
        self.cloud.vdcs.set_limits(vdc, group, self._native(limits, components))
        self._note_factors(vdc, components)

    def keep_limits(self, backend_id: str, limits: Mapping[str, Any], components: units.Components) -> bool:
        """Put back what was changed behind our back; the marketplace decides. Whether anything had to be done."""
        vdc, group = self._get(backend_id)
        native = self._native(limits, components)
        self._note_factors(vdc, components)
        if not self.cloud.vdcs.limits_differ(vdc, group, native):
            return False
        self.cloud.vdcs.set_limits(vdc, group, native)
        return True

    def components(self, backend_id: str) -> dict[str, dict[str, Any]]:
        """Those that were known when it was made or changed last."""
        vdc = self.cloud.vdcs.find(backend_id)
        return units.read_note(vdc.note(names.FACTORS)) if vdc else {}

    def _note_factors(self, vdc: Thing, components: units.Components) -> None:
        if vdc.note(names.FACTORS) != units.note(components):
            self.cloud.vdcs.note(vdc, {names.FACTORS: units.note(components)})
            self.cloud.pools.forget()

    def _native(self, limits: Mapping[str, Any], components: units.Components) -> dict[str, float]:
        if unknown := sorted(set(limits) - set(quotas.KNOWN)):
            raise BadInput(unknown[0], f"no such quota exists. Components of a VDC are {', '.join(quotas.KNOWN)}.")
        return units.to_backend(components, limits)

    def limits(self, backend_id: str) -> dict[str, float]:
        vdc, group = self._get(backend_id)
        return quotas.limits_of(group, external_network(vdc))

    def usage(self, backend_id: str) -> dict[str, float] | None:
        """None for one that is not there, or not all of it: an order goes on making it."""
        vdc = self.cloud.vdcs.find(backend_id)
        if vdc is None or vdc.note(names.STATE) != names.READY:
            return None
        group = self.cloud.vdcs.group_of(vdc)
        return quotas.used(group, external_network(vdc)) if group else None

    def metadata(self, backend_id: str) -> dict[str, Any]:
        """From whole pools: any number of VDCs costs the same few calls."""
        vdc, group = self._get(backend_id)
        pools = self.cloud.pools
        found: dict[str, Any] = {"vdc_id": vdc.id, "vdc_name": vdc.name, "group_id": group.id}
        if restriction := group.note(names.RESTRICTED):
            found["restriction"] = restriction
        if (vnet := pools.ours("vnets", backend_id)) is not None:
            found |= {"network_id": vnet.id, "network_name": vnet.name, "subnet_cidr": str(block_of(vnet))}
            found["gateway"] = vnet.text("TEMPLATE/GATEWAY")
            if (router := pools.ours("routers", backend_id)) is not None:
                found |= {"router_id": router.id, "router_name": router.name}
                found["external_ip"] = router.note(names.EXTERNAL_IP)
        return found | self._credentials(backend_id, vdc, group)

    def _credentials(self, backend_id: str, vdc: Thing, group: Thing) -> dict[str, str]:
        users = self.cloud.vdcs.users
        user = users.find(backend_id, group.id, fresh=False)
        if user is None:
            return {}
        password = users.known_password(user, vdc)
        told = {"opennebula_username": user.name, RENEWED: vdc.note(names.RESET)}
        return told | ({"opennebula_password": password} if password else {})

    def renew_password(self, backend_id: str, request: str) -> bool:
        """False when the VDC has no user."""
        vdc, group = self._get(backend_id)
        user = self.cloud.vdcs.users.find(backend_id, group.id, fresh=False)
        if user is None:
            return False
        if not request or vdc.note(names.RESET) != request:
            self.cloud.vdcs.users.renew(user, vdc, request)
            self.cloud.pools.forget()
        return True

    def members(self, backend_id: str) -> list[str]:
        vdc = self.cloud.vdcs.find(backend_id)
        return [name for name in vdc.note(names.MEMBERS).split() if name] if vdc else []

    def add_members(self, backend_id: str, usernames: set[str]) -> set[str]:
        """Who may sign in by SAML, and may know the password; those whom Keycloak does not know come later."""
        known = set(self.members(backend_id))
        if usernames <= known:
            return usernames
        keycloak = self.cloud.keycloak
        added = keycloak.add_members(backend_id, usernames - known) if keycloak else usernames - known
        self._note_members(backend_id, known | added)
        return added | (usernames & known)

    def remove_members(self, backend_id: str, usernames: set[str]) -> set[str]:
        """Whoever leaves is out of the groups, and knows only the old password."""
        known = set(self.members(backend_id))
        leaving = usernames & known
        if leaving:
            if self.cloud.keycloak:
                self._end_sessions(backend_id, leaving)
            self.renew_password(backend_id, "")
            self._note_members(backend_id, known - leaving)
        return leaving

    def _end_sessions(self, backend_id: str, usernames: set[str]) -> None:
        """In Keycloak for the next time, in OpenNebula for now."""
        _, group = self._get(backend_id)
        if self.cloud.keycloak:
            self.cloud.keycloak.remove_members(backend_id, usernames)
        for user in self.cloud.pools.all("users"):
            if user.name in usernames and is_from_saml(user) and group.id in user.ids("GROUPS/ID"):
                self.cloud.vdcs.users.detach(user, group.id)

    def _note_members(self, backend_id: str, members: set[str]) -> None:
        vdc, _ = self._get(backend_id)
        self.cloud.vdcs.note(vdc, {names.MEMBERS: " ".join(sorted(members))})
        self.cloud.pools.forget()

    def pause(self, backend_id: str) -> bool:
        self.cloud.restrictions.pause(self._get(backend_id)[1])
        return True

    def downscale(self, backend_id: str) -> bool:
        self.cloud.restrictions.downscale(self._get(backend_id)[1])
        return True

    def restore(self, backend_id: str) -> bool:
        self.cloud.restrictions.restore(self._get(backend_id)[1])
        return True

    def _get(self, backend_id: str) -> tuple[Thing, Thing]:
        vdc = self.cloud.vdcs.find(backend_id)
        group = self.cloud.vdcs.group_of(vdc) if vdc else None
        if vdc is None or group is None:
            raise CloudError(f"OpenNebula has no complete VDC {backend_id}. It may have been deleted there.")
        return vdc, group


def _subnet(wanted: Wanted, network: Network | None) -> IPv4Network | None:
    wish = wanted.attributes.get("subnet_cidr")
    if not wish:
        return None
    if network is None:
        raise BadInput("subnet_cidr", "VDCs of this offering have no network of their own. Leave it out.")
    return read_block("subnet_cidr", str(wish))
