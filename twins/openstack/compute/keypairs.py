"""Key pairs: https://docs.openstack.org/api-ref/compute/#keypairs-keypairs."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ..errors import bad_request, conflict, forbidden, not_found, policy_refusal
from ..schema import check_name, invalid
from ..state import Obj
from ..wire import Call, Reply, Route
from .quotas import limits

NAME = r"^[_\- a-zA-Z0-9]+$"


def owner(call: Call) -> str:
    """Admins may act for another user (2.10)."""
    asked = call.arg("user_id") if call.version >= (2, 10) else None
    return permitted(call, asked) if asked else call.context.user_id


def permitted(call: Call, user_id: str) -> str:
    if user_id != call.context.user_id and not call.is_admin:
        raise policy_refusal("compute", "os_compute_api:os-keypairs")
    return user_id


def fingerprint(public_key: str) -> str:
    """MD5 of the key's bytes, in pairs of digits."""
    parts = public_key.split()
    try:
        if len(parts) < 2 or not parts[0].startswith(("ssh-", "ecdsa-", "sk-")):
            raise ValueError(public_key)
        data = base64.b64decode(parts[1], validate=True)
    except (ValueError, binascii.Error):
        raise bad_request("Keypair data is invalid: failed to generate fingerprint") from None
    digest = hashlib.md5(data).hexdigest()
    return ":".join(digest[place : place + 2] for place in range(0, 32, 2))


def new_pair() -> tuple[str, str]:
    """A private key and its public one; until 2.91 Nova makes them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), public.decode() + " Generated-by-Nova"


def brief(call: Call, pair: Obj) -> Obj:
    shown = {"name": pair["name"], "public_key": pair["public_key"], "fingerprint": pair["fingerprint"]}
    if call.version >= (2, 2):
        shown["type"] = pair["type"]
    return shown


def list_all(call: Call) -> Obj:
    pairs = call.state.where("keypairs", "user_id", owner(call))
    return {"keypairs": [{"keypair": brief(call, pair)} for pair in sorted(pairs, key=lambda pair: pair["name"])]}


def fetch(call: Call) -> Obj:
    user_id, name = owner(call), call.params["name"]
    pair = call.state.get("keypairs", f"{user_id}/{name}")
    if pair is None:
        raise not_found(f"Keypair {name} not found for user {user_id}")
    return pair


def show(call: Call) -> Obj:
    pair = fetch(call)
    return {
        "keypair": {
            **brief(call, pair),
            "user_id": pair["user_id"],
            "created_at": f"{pair['created_at']}.000000",
            "deleted": False,
            "deleted_at": None,
            "id": pair["number"],
            "updated_at": None,
        }
    }


def create(call: Call) -> Reply:
    body = (call.body or {}).get("keypair") or {}
    name = body.get("name")
    if name is None:
        raise invalid("keypair", body, "'name' is a required property")
    check_name(name)
    if call.version < (2, 92) and not re.match(NAME, name):
        raise invalid("name", name, f"'{name}' does not match '{NAME}'")
    if call.version >= (2, 92) and "public_key" not in body:
        raise invalid("keypair", body, "'public_key' is a required property")
    user_id = permitted(call, body["user_id"]) if body.get("user_id") else call.context.user_id
    private_key, public_key = (None, body["public_key"]) if body.get("public_key") else new_pair()
    print_ = fingerprint(public_key)
    held = call.state.where("keypairs", "user_id", user_id)
    if any(pair["name"] == name for pair in held):
        raise conflict(f"Key pair '{name}' already exists.")
    if 0 <= limits(call, call.project_id)["key_pairs"] < len(held) + 1:
        raise forbidden("Quota exceeded, too many key pairs.")
    pair = call.state.add(
        "keypairs",
        {
            "id": f"{user_id}/{name}",
            "number": call.state.next_number(),
            "name": name,
            "user_id": user_id,
            "public_key": public_key,
            "fingerprint": print_,
            "type": body.get("type") or "ssh",
            "created_at": call.stamp(),
        },
    )
    shown = {**brief(call, pair), "user_id": user_id}
    if private_key:
        shown["private_key"] = private_key
    return Reply(200 if call.version < (2, 2) else 201, {"keypair": shown})


def delete(call: Call) -> Reply:
    call.state.drop("keypairs", fetch(call))
    return Reply(202 if call.version < (2, 2) else 204)


ROUTES = [
    Route("GET", "/os-keypairs", "keypair.list", list_all),
    Route("POST", "/os-keypairs", "keypair.create", create),
    Route("GET", "/os-keypairs/{name}", "keypair.show", show),
    Route("DELETE", "/os-keypairs/{name}", "keypair.delete", delete),
]
