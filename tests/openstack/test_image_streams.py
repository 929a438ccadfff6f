"""Uploads over real sockets: what breaks off, lies about its length, or comes twice never becomes half an image."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.factories import Cast
from tests.openstack.images import id_in, limit, own_images, queued, status_of
from twins.openstack import TwinClient
from waldur_core.server.http import Server
from waldur_core.server.wsgi import application
from waldur_core.structure.models import AuthToken, User
from waldur_openstack.models import Image, Tenant

pytestmark = pytest.mark.slow
MIB = 1024 * 1024


@pytest.fixture
def address(transactional_db: None, twin: TwinClient) -> Iterator[tuple[str, int]]:
    """Where a real web server listens."""
    server = Server(("127.0.0.1", 0), application, numthreads=4)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield server.bind_addr
    server.stop()
    thread.join()


class Upload:
    """A client that writes the bytes of its request itself."""

    def __init__(self, address: tuple[str, int], user: User, url: str, **headers: Any) -> None:
        token = AuthToken.objects.issue(user).key
        own = {"Host": "waldur", "Authorization": f"Token {token}", "Content-Type": "application/octet-stream"}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in {**own, **headers}.items()]
        self.socket = socket.create_connection(address, timeout=20)
        self.send("\r\n".join([f"POST {url} HTTP/1.1", *lines, "", ""]).encode())

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def answer(self) -> tuple[int, str]:
        """Status and body; the server closes or the body is whole."""
        head, _, body = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self.socket.recv(65536)
        return int(head.split()[1]), body.decode()

    def _until(self, mark: bytes) -> bytes:
        data = b""
        while mark not in data:
            more = self.socket.recv(65536)
            assert more, f"closed after {data!r}"
            data += more
        return data

    def close(self) -> None:
        self.socket.close()


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def saving(tenant: Tenant, url: str) -> None:
    """Wait until Glance takes in the data."""
    eventually(lambda: status_of(tenant, url)[0] == "saving")


def waits_for_another(tenant: Tenant, url: str, rows: int) -> None:
    eventually(lambda: status_of(tenant, url) == ("queued", None))
    assert Image.objects.count() == rows


def test_a_broken_upload_can_be_done_again(address: Any, cast: Cast, tenant: Tenant) -> None:
    url, rows = queued(cast.admin, tenant), Image.objects.count()
    in_half_a_chunk = b"%x\r\n" % (2 * MIB) + bytes(MIB)
    for headers, data in (
        ({"Content_Length": 2 * MIB}, bytes(MIB)),
        ({"Transfer_Encoding": "chunked"}, in_half_a_chunk),
    ):
        client = Upload(address, cast.admin, url, **headers)
        client.send(data)
        saving(tenant, url)
        client.close()
        waits_for_another(tenant, url, rows)
    client = Upload(address, cast.admin, url, Transfer_Encoding="chunked")
    for size in (1, 3 * MIB, 70_000):
        client.chunk(bytes(size))
    client.send(b"0\r\n\r\n")
    assert client.answer()[0] == 200
    assert status_of(tenant, url) == ("active", 3 * MIB + 70_001)


def test_a_length_that_is_not_true(address: Any, cast: Cast, tenant: Tenant) -> None:
    url, rows = queued(cast.admin, tenant), Image.objects.count()
    client = Upload(address, cast.admin, url, Content_Length=1000)
    client.send(b"x" * 600)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.answer() == (400, '{"detail":"The body ended after 600 of 1000 bytes."}')
    waits_for_another(tenant, url, rows)
    client = Upload(address, cast.admin, url, Content_Length=600)
    client.send(b"x" * 1000)  # what comes after the body is no part of it
    assert client.answer()[0] == 200
    assert status_of(tenant, url) == ("active", 600)


def test_chunks_that_are_none(address: Any, cast: Cast, tenant: Tenant) -> None:
    url, rows = queued(cast.admin, tenant), Image.objects.count()
    for rest in (b"zz\r\n", b"-1\r\n", b"2\r\nabc\r\n", b"1" * 2000, b"0\r\nTrailer: x", b"0\r\n" + b"a: b\r\n" * 200):
        client = Upload(address, cast.admin, url, Transfer_Encoding="chunked")
        client.chunk(b"first")
        client.send(rest)
        client.socket.shutdown(socket.SHUT_WR)
        status, words = client.answer()
        assert (status, "broke off after" in words) == (400, True), (rest, words)
        waits_for_another(tenant, url, rows)


def test_more_bytes_than_allowed_never_arrive(address: Any, cast: Cast, tenant: Tenant) -> None:
    url, rows = queued(cast.admin, tenant), Image.objects.count()
    limit(image_size_total_limit=MIB)
    client = Upload(address, cast.admin, url, Transfer_Encoding="chunked")
    client.chunk(bytes(MIB))
    client.chunk(b"x")
    client.send(b"0\r\n\r\n")
    status, words = client.answer()
    assert (status, "Image size limit would be exceeded" in words) == (400, True)
    waits_for_another(tenant, url, rows)


def test_a_client_that_still_sends_is_told_why_not(address: Any, cast: Cast, tenant: Tenant) -> None:
    url = queued(cast.admin, tenant)
    limit(image_size_total_limit=MIB)
    headers = {
        "Authorization": f"Token {AuthToken.objects.issue(cast.admin).key}",
        "Content-Type": "application/octet-stream",
    }
    answer = requests.post(f"http://{address[0]}:{address[1]}{url}", data=bytes(64 * MIB), headers=headers, timeout=20)
    assert (answer.status_code, answer.headers["Connection"]) == (400, "close")
    assert "Image size limit would be exceeded" in answer.json()["detail"]


def test_two_uploads_to_one_image(address: Any, cast: Cast, tenant: Tenant) -> None:
    url = queued(cast.admin, tenant)
    first = Upload(address, cast.admin, url, Content_Length=2 * MIB)
    first.send(bytes(MIB))
    saving(tenant, url)
    second = Upload(address, cast.owner, url, Content_Length=4)
    second.send(b"data")
    assert second.answer()[0] == 409
    first.send(bytes(MIB))
    assert first.answer()[0] == 200
    assert status_of(tenant, url) == ("active", 2 * MIB)


def test_two_uploads_that_are_too_much_together(address: Any, cast: Cast, tenant: Tenant) -> None:
    one, two = queued(cast.admin, tenant), queued(cast.admin, tenant)
    limit(image_size_total_limit=3 * MIB)
    first = Upload(address, cast.admin, one, Content_Length=2 * MIB)
    first.send(bytes(MIB))
    saving(tenant, one)
    second = Upload(address, cast.admin, two, Content_Length=2 * MIB)
    second.send(bytes(2 * MIB))
    assert second.answer()[0] == 200
    first.send(bytes(MIB))
    status, words = first.answer()
    assert (status, "Image size limit would be exceeded" in words) == (400, True)
    assert [image["id"] for image in own_images(tenant)] == [id_in(two)]


def test_an_image_removed_during_its_upload(address: Any, cast: Cast, tenant: Tenant) -> None:
    url, rows = queued(cast.admin, tenant), Image.objects.count()
    client = Upload(address, cast.admin, url, Content_Length=2 * MIB)
    client.send(bytes(MIB))
    saving(tenant, url)
    removal = url.replace("upload_image_data", "images")
    headers = {"Authorization": f"Token {AuthToken.objects.issue(cast.admin).key}"}
    assert requests.delete(f"http://{address[0]}:{address[1]}{removal}", headers=headers, timeout=20).status_code == 204
    client.send(bytes(MIB))
    status, words = client.answer()
    assert (status, "may have been deleted" in words) == (400, True), words
    assert (own_images(tenant), Image.objects.count()) == ([], rows)
