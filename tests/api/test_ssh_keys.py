"""SSH keys: read once, never changed."""

from typing import Any
from uuid import UUID

import pytest

from tests.api.keys import ED25519, ED25519_BARE
from tests.factories import Cast, client_of
from waldur_core.events.models import Event
from waldur_core.structure.models import SshPublicKey

pytestmark = pytest.mark.django_db
KEYS = "/api/keys/"


def add(person: Any, **body: Any) -> Any:
    return client_of(person).post(KEYS, body)


def test_a_key_is_named_by_its_comment_and_shows_its_fingerprints(cast: Cast) -> None:
    answer = add(cast.member, public_key=f"  {ED25519}\n").json()
    assert (answer["name"], answer["type"]) == ("ann@laptop", "ssh-ed25519")
    assert answer["public_key"] == ED25519
    assert len(answer["fingerprint_md5"].split(":")) == 16
    assert len(answer["fingerprint_sha256"]) == 43
    event = Event.objects.get(event_type="ssh_key_creation_succeeded")
    assert (event.user, event.scope_uuid) == (cast.member, UUID(answer["uuid"]))


def test_a_given_name_wins_over_the_comment(cast: Cast) -> None:
    assert add(cast.member, public_key=ED25519, name="work").json()["name"] == "work"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"public_key": ED25519_BARE}, "name"),
        ({"public_key": ED25519, "name": "x" * 151}, "name"),
        ({"public_key": "nonsense"}, "public_key"),
        ({"public_key": "ssh-rsa !!!! a"}, "public_key"),
        ({"public_key": "ssh-rsa AAAA a"}, "public_key"),
        ({"public_key": ED25519.replace("ssh-ed25519 ", "ssh-rsa ")}, "public_key"),
        ({"public_key": f"{ED25519}\n{ED25519}"}, "public_key"),
        ({"public_key": ""}, "public_key"),
        ({}, "public_key"),
    ],
)
def test_what_is_no_key_is_refused(cast: Cast, body: dict[str, Any], field: str) -> None:
    response = add(cast.member, **body)
    assert (response.status_code, list(response.json())) == (400, [field])


def test_names_are_unique_per_user(cast: Cast) -> None:
    assert add(cast.member, public_key=ED25519).status_code == 201
    response = add(cast.member, public_key=ED25519)
    assert (response.status_code, list(response.json())) == (400, ["name"])
    assert add(cast.manager, public_key=ED25519).status_code == 201


def test_one_sees_ones_own_keys_and_the_shared_ones(cast: Cast) -> None:
    add(cast.member, public_key=ED25519, name="mine")
    add(cast.manager, public_key=ED25519, name="his")
    SshPublicKey.objects.create(user=cast.staff, name="shared", public_key=ED25519, is_shared=True)
    assert [row["name"] for row in client_of(cast.member).get(KEYS).json()] == ["mine", "shared"]
    assert [row["name"] for row in client_of(cast.staff).get(KEYS).json()] == ["his", "mine", "shared"]
    shared = SshPublicKey.objects.get(name="shared")
    assert client_of(cast.member).delete(f"{KEYS}{shared.uuid.hex}/").status_code == 403


def test_a_key_is_deleted_by_its_user(cast: Cast) -> None:
    url = f"{KEYS}{add(cast.member, public_key=ED25519).json()['uuid']}/"
    assert client_of(cast.member).patch(url, {"name": "new"}).status_code == 405
    assert client_of(cast.member).delete(url).status_code == 204
    assert Event.objects.filter(event_type="ssh_key_deletion_succeeded", user=cast.member).exists()


def test_a_key_is_found_by_its_fingerprint(cast: Cast) -> None:
    key = add(cast.member, public_key=ED25519).json()
    for name in ("fingerprint_md5", "fingerprint_sha256", "fingerprint_sha512"):
        assert len(client_of(cast.member).get(KEYS, {name: key[name]}).json()) == 1
        assert client_of(cast.member).get(KEYS, {name: "other"}).json() == []
