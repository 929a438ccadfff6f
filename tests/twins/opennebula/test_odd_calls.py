"""Whatever is sent, the daemon answers in its own words, and goes on."""

from itertools import islice, product

import pytest
import requests

from tests.twins.opennebula.conftest import Tenant
from tests.twins.opennebula.wire import Daemon
from twins.opennebula.calls import METHODS, Parameter
from twins.opennebula.errors import AUTHENTICATION

ODD: dict[str, tuple[object, ...]] = {
    "int": (0, -1, 100, 9999, 2),
    "bool": (True, False),
    "array": ([], [0], [9999]),
    "string": (
        "",
        'NAME="odd"',
        'NAME="a" VN_MAD="bridge" AR=[TYPE="IP4",IP="255.255.255.250",SIZE="99"] PATH="/x" SIZE="-4" CPU="nan"',
        'NIC=[NETWORK_ID="x"] DISK=[IMAGE_ID="x"] CPU="inf" MEMORY="-1" CONTEXT=[NETWORK="YES"]',
        'NIC=[NETWORK_ID="0",MAC="x",IP="y"] DISK=[SIZE="z"] NETWORK=[ID="x"] VM=[CPU="nan"] AR=[AR_ID="x",SIZE="y"]',
        'LEASES=[MAC="02:00"] SIZE="9999999999999999999999" VM=[] DATASTORE=[ID="1"] RULE=[PROTOCOL="x"]',
        "<A><B>1</B>",
        "ffffffffffffffffffff",
        "terminate-hard",
        "\u00fc\u4e2d]]>&",
    ),
}
COMBINATIONS = 15
ENDING_SESSIONS = ("one.user.passwd", "one.user.enable", "one.user.chauth", "one.user.delete")


def odd_arguments(parameters: tuple[Parameter, ...]) -> list[tuple[object, ...]]:
    """Some of all combinations, spread evenly."""
    every = list(islice(product(*(ODD[parameter.type] for parameter in parameters)), 5000))
    return every[:: max(len(every) // COMBINATIONS, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["oneadmin:opennebula", "blue_admin:pw"])
def test_every_method_answers_odd_arguments(daemon: Daemon, tenant: Tenant, who: str) -> None:
    tenant.one.template.instantiate(0, "vm", False, "", False)
    for method in [each for name, each in METHODS.items() if name not in ENDING_SESSIONS]:
        for arguments in odd_arguments(method.parameters):
            answer = daemon.call(who, method.name, *arguments)
            assert answer[0] in (True, False), (method.name, arguments, answer)
            if answer[0] is False:
                assert answer[2] != AUTHENTICATION
                assert answer[1].startswith(f"[{method.reported}] "), answer


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<methodCall/>",
        "<methodCall><methodName></methodName></methodCall>",
        "<methodCall><methodName>one.vm.info</methodName><params><param><value><i4>x</i4></value></param></params></methodCall>",
        "<methodResponse><params/></methodResponse>",
    ],
)
def test_what_is_no_call_gets_a_fault(daemon: Daemon, body: str) -> None:
    answer = requests.post(daemon.endpoint, data=body)
    assert answer.status_code == 200
    assert "<fault>" in answer.text
