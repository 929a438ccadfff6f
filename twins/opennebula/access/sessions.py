"""The first parameter of every call: ``user:password`` or ``user:token``."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from ..errors import unauthenticated
from ..kinds import USER
from ..state import Obj

if TYPE_CHECKING:
    from ..cloud import Cloud

CORE = "core"


def digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def new_token() -> str:
    return secrets.token_hex(32)


def authenticate(cloud: Cloud, session: str) -> Obj:
    """The user of a session; unknown, disabled and wrong ones get the same refusal."""
    name, colon, secret = session.partition(":")
    for user in cloud.state.where(USER.name, "name", name):
        if colon and user["enabled"] and (_is_password(user, secret) or _is_token(cloud, user, secret)):
            return user
    raise unauthenticated()


def _is_password(user: Obj, secret: str) -> bool:
    """Only ``core`` is checked here: the other drivers ask servers that do not exist."""
    return user["driver"] == CORE and hmac.compare_digest(user["password"], digest(secret))


def _is_token(cloud: Cloud, user: Obj, secret: str) -> bool:
    now = cloud.now()
    return any(
        hmac.compare_digest(token["token"].encode(), secret.encode()) and not 0 <= token["expires"] <= now
        for token in user["tokens"]
    )
