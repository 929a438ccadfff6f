"""The pull of each kind of object in a tenant."""

from waldur_openstack.models import (
    FloatingIP,
    Instance,
    Network,
    Port,
    SecurityGroup,
    ServerGroup,
    Snapshot,
    SubNet,
    Volume,
)
from waldur_openstack.sync.block_storage import SNAPSHOT, VOLUME
from waldur_openstack.sync.compute import INSTANCE, SERVER_GROUP
from waldur_openstack.sync.network import FLOATING_IP, NETWORK, PORT, SUBNET
from waldur_openstack.sync.security import SECURITY_GROUP
from waldur_openstack.workflows.pulling.base import PullObject, read_all, read_object


class PullInstance(PullObject):
    """The server, what is attached to it or no longer is, and its public addresses."""

    name = "openstack.instance.pull"
    title = "Pull of instance"
    model = Instance
    kind = INSTANCE
    steps = (read_object(INSTANCE), read_all(VOLUME), read_all(PORT), read_all(FLOATING_IP))


class PullVolume(PullObject):
    name = "openstack.volume.pull"
    title = "Pull of volume"
    model = Volume
    kind = VOLUME
    steps = (read_object(VOLUME),)


class PullSnapshot(PullObject):
    name = "openstack.snapshot.pull"
    title = "Pull of snapshot"
    model = Snapshot
    kind = SNAPSHOT
    steps = (read_object(SNAPSHOT),)


class PullNetwork(PullObject):
    name = "openstack.network.pull"
    title = "Pull of network"
    model = Network
    kind = NETWORK
    steps = (read_object(NETWORK),)


class PullSubNet(PullObject):
    name = "openstack.subnet.pull"
    title = "Pull of subnet"
    model = SubNet
    kind = SUBNET
    steps = (read_object(SUBNET),)


class PullPort(PullObject):
    name = "openstack.port.pull"
    title = "Pull of port"
    model = Port
    kind = PORT
    steps = (read_object(PORT),)


class PullFloatingIP(PullObject):
    name = "openstack.floating_ip.pull"
    title = "Pull of floating IP"
    model = FloatingIP
    kind = FLOATING_IP
    steps = (read_object(FLOATING_IP),)


class PullSecurityGroup(PullObject):
    """The group with its rules; those that were added in the cloud become rows."""

    name = "openstack.security_group.pull"
    title = "Pull of security group"
    model = SecurityGroup
    kind = SECURITY_GROUP
    steps = (read_object(SECURITY_GROUP),)


class PullServerGroup(PullObject):
    name = "openstack.server_group.pull"
    title = "Pull of server group"
    model = ServerGroup
    kind = SERVER_GROUP
    steps = (read_object(SERVER_GROUP),)
