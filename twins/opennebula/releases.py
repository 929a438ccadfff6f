"""What the releases of OpenNebula do differently, as far as the same calls were made to daemons of each.

The twin behaves as 7.2 by nature; an older or newer release is said by what it has otherwise. Of what 7.4 adds to the
XML, names and places are as in its pyone. It is empty here where nothing can fill it: rules of VLANs and networks made
from templates of networks need methods that have never been recorded, and no host has PCI devices (IFNAME, SRIOV).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# parent and child elements that 7.2 has and 6.10 has not
NEW_IN_7: tuple[tuple[str, str], ...] = (
    ("VM_QUOTA", r"(?:RUNNING_)?PCI_(?:DEV|NIC)(?:_USED)?"),
    ("IMAGE", "MODTIME"),
    ("HISTORY", "PLAN_ID"),
    ("HISTORY", "ACTION_ID"),
    ("DISK", "PERSISTENT_SNAPSHOTS"),
    ("AR", "SHARED"),
    ("CONTEXT", r"ETH\d+_ROUTES"),
    ("TEMPLATE", "ENDPOINT_GRPC"),
)


@dataclass(frozen=True)
class Release:
    """One release; the defaults are those of 7.2."""

    version: str
    groups_may_have_spaces: bool = False
    tells_missing_group: bool = False  # when its quota is to be set; else it says "not authorized"
    names_owner_of_quota: bool = True  # "…,GID=100" behind the attributes of a refused quota
    reports_old_names: bool = True  # vm.attachnic fails as [one.vm.nicattach]
    wraps_taken_names: bool = True  # "Error allocating a new host. NAME is …" with another code
    always_checks_host: bool = False  # vm.resize, also when enforce is false
    explains_no_host: bool = True  # "[HOST] Not enough CPU on hosts: 0,1"
    gives_addresses_in_turn: bool = False  # AR/NEXT_INDEX: one given back is not given again until all others were
    has_vlan_rules: bool = False  # GROUP/VLAN_RULES
    tells_templates_of_networks: bool = False  # VNET/TEMPLATE_ID
    lacks: tuple[tuple[str, str], ...] = ()

    def shaped(self, xml: str) -> str:
        """The XML without what came later."""
        for parent, child in self.lacks:
            xml = _without(xml, parent, child)
        return xml


def _without(xml: str, parent: str, child: str) -> str:
    element = re.compile(rf"<({child})>[^<]*(?:<!\[CDATA\[.*?\]\]>)?</\1>|<(?:{child})/>", re.DOTALL)
    inside = re.compile(rf"<{parent}>.*?</{parent}>", re.DOTALL)
    return inside.sub(lambda found: element.sub("", found[0]), xml)


RELEASES = {
    release.version: release
    for release in (
        Release(
            "6.10.5",
            groups_may_have_spaces=True,
            tells_missing_group=True,
            names_owner_of_quota=False,
            reports_old_names=False,
            wraps_taken_names=False,
            always_checks_host=True,
            explains_no_host=False,
            lacks=NEW_IN_7,
        ),
        Release("7.2.0"),
        Release(
            "7.4.0",
            reports_old_names=False,
            gives_addresses_in_turn=True,
            has_vlan_rules=True,
            tells_templates_of_networks=True,
        ),
    )
}
