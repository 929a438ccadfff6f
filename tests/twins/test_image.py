"""Glance: the life of an image, and who sees it."""

from tests.twins.wire import Wire

IMAGES = "/image/v2/images"
RAW = {"disk_format": "raw", "container_format": "bare"}
PATCH = "application/openstack-images-v2.1-json-patch"


def upload(wire: Wire, image: str, data: bytes) -> int:
    return wire.call("PUT", f"{IMAGES}/{image}/file", data, Content_Type="application/octet-stream").status


def test_data_is_uploaded_once(member: Wire) -> None:
    image = member.post(IMAGES, {**RAW, "name": "i", "custom": "z"})
    assert (image["status"], image["custom"], image["visibility"]) == ("queued", "z", "shared")
    assert member.call("GET", f"{IMAGES}/{image['id']}/file").status == 204
    assert upload(member, image["id"], b"hello") == 204
    shown = member.get(f"{IMAGES}/{image['id']}")
    assert (shown["status"], shown["size"], shown["checksum"]) == ("active", 5, "5d41402abc4b2a76b9719d911017c592")
    answer = member.call("PUT", f"{IMAGES}/{image['id']}/file", b"again", Content_Type="application/octet-stream")
    assert answer.status == 409
    assert answer.body["message"].startswith("Image status transition from active to saving is not allowed")


def test_data_must_be_what_the_format_says(member: Wire) -> None:
    image = member.post(IMAGES, {"disk_format": "qcow2", "container_format": "bare"})["id"]
    assert upload(member, image, b"no qcow2") == 415
    assert upload(member, image, b"QFI\xfb and more") == 204


def test_a_patch_changes_properties_and_nothing_read_only(member: Wire) -> None:
    image = member.post(IMAGES, RAW)["id"]

    def patch(**operation: object) -> int:
        return member.call("PATCH", f"{IMAGES}/{image}", [operation], Content_Type=PATCH).status

    assert patch(op="add", path="/os_distro", value="debian") == 200
    assert patch(op="replace", path="/name", value="new") == 200
    assert patch(op="replace", path="/nothing", value="x") == 409
    assert patch(op="replace", path="/id", value="x") == 403
    assert member.call("PATCH", f"{IMAGES}/{image}", []).status == 415
    shown = member.get(f"{IMAGES}/{image}")
    assert (shown["name"], shown["os_distro"]) == ("new", "debian")


def test_an_image_is_private_until_it_is_shared(member: Wire, stranger: Wire) -> None:
    image = member.post(IMAGES, {**RAW, "name": "ours"})["id"]
    answer = stranger.call("GET", f"{IMAGES}/{image}")
    assert answer.status == 404
    assert answer.body["message"].startswith(f"No image found with ID {image}")
    member.post(f"{IMAGES}/{image}/members", {"member": stranger.project_id})
    assert stranger.get(f"{IMAGES}/{image}")["name"] == "ours"
    assert stranger.call("DELETE", f"{IMAGES}/{image}").status == 403


def test_only_admins_publish(member: Wire, admin: Wire) -> None:
    assert member.call("POST", IMAGES, {**RAW, "visibility": "public"}).status == 403
    admin.post(IMAGES, {**RAW, "name": "for all", "visibility": "public"})
    assert "for all" in [row["name"] for row in member.get(f"{IMAGES}?visibility=public")["images"]]


def test_images_are_paged(member: Wire) -> None:
    for number in range(3):
        member.post(IMAGES, {**RAW, "name": str(number)})
    seen, path = [], "/v2/images?limit=2"
    while path:
        page = member.get("/image" + path)
        seen += [row["name"] for row in page["images"]]
        path = page.get("next")
    assert sorted(seen) == ["0", "1", "2", "cirros", "ubuntu-24.04"]
