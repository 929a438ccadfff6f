"""The twin as a process of its own, the ``openstack`` command against it, and HTTPS."""

import datetime
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from twins.openstack import OpenStackTwin, TwinClient

COMMANDS = """\
token issue
catalog list
network create net
subnet create --network net --subnet-range 10.3.0.0/24 subnet
router create router
router set router --external-gateway external
router add subnet router subnet
volume create --size 1 data
server create --flavor m1.tiny --image cirros --network net --wait web
server add volume web data
floating ip create external
security group rule list default
image create --file {image} --disk-format raw --container-format bare mine
quota set --cores 33 --volumes 7 --ports 44 admin
quota show admin
server list --long
server delete --wait web
"""


@pytest.fixture(scope="module")
def alone() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "twins.openstack", "--port", str(port), "--latency", "instant"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    banner = "".join(process.stdout.readline() for _ in range(8))
    assert f"OS_AUTH_URL=http://127.0.0.1:{port}/v3" in banner
    yield process, f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_the_openstack_command_works(alone: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    _, base = alone
    (tmp_path / "image").write_bytes(b"image" * 1000)
    settings = {
        "OS_AUTH_URL": f"{base}/v3",
        "OS_USERNAME": "admin",
        "OS_PASSWORD": "secret",
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": "RegionOne",
        "OS_IDENTITY_API_VERSION": "3",
    }
    done = subprocess.run(
        [sys.executable, "-m", "openstackclient.shell"],
        input=COMMANDS.format(image=tmp_path / "image"),
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for trouble in ("Exception", "error:", "Traceback", "Unknown"):
        assert trouble not in done.stdout + done.stderr, done.stdout + done.stderr
    client = TwinClient(base)
    assert client.objects("servers").get("servers") == []
    assert [row["name"] for row in client.objects("volumes")["volumes"]] == ["data"]
    failed = [call for call in client.calls() if (call["status"] or 0) >= 400 and call["status"] != 404]
    assert failed == []


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate that ended yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now - datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return cert_file, key_file


def test_https_is_served_with_any_certificate(tmp_path: Path) -> None:
    cert_file, key_file = certificate(tmp_path)
    with OpenStackTwin(certfile=cert_file, keyfile=key_file) as twin:
        assert twin.auth_url.startswith("https://127.0.0.1:")
        assert twin.client.external_network_id


def test_a_taken_port_is_said_so(alone: tuple[subprocess.Popen[str], str]) -> None:
    _, base = alone
    with pytest.raises(OSError, match=r"[Aa]ddress already in use"):
        OpenStackTwin(port=int(base.rpartition(":")[2])).start()
