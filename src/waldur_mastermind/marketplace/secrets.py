"""Connection details with passwords among them: shown masked, and changed key by key."""

import re
from collections.abc import Mapping
from typing import Any

from waldur_core.secrets.redaction import MASK, redact

_SECRET = re.compile(r"password|passwd|secret|token|private_key|api_key|credential|certificate_key", re.IGNORECASE)


def is_secret(key: str, value: Any) -> bool:
    """Whether something is password-like, or holds something that is."""
    if isinstance(value, Mapping):
        return any(is_secret(f"{key} {name}", inner) for name, inner in value.items())
    if isinstance(value, list):
        return any(is_secret(key, item) for item in value)
    return bool(value) and (bool(_SECRET.search(key)) or is_url_with_password(value))


def split(options: Mapping[str, Any], secrets: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What may be shown to everybody, and what is password-like. A mask that comes back means the secret of before."""
    known = {key: secrets[key] for key, value in options.items() if value == MASK and key in secrets}
    hidden = {key: value for key, value in options.items() if value != MASK and is_secret(key, value)} | known
    return {key: value for key, value in options.items() if key not in hidden}, hidden


def masked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with every password-like key and every URL with a password hidden; what is empty shows that it is."""
    return {
        key: MASK if value and (_SECRET.search(key) or is_url_with_password(value)) else value
        for key, value in options.items()
    }


def is_url_with_password(value: Any) -> bool:
    return isinstance(value, str) and "://" in value and redact(value) != value


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`old` changed by `new`: null removes a key, and a mask that comes back leaves the value as it was."""
    kept = {key: value for key, value in new.items() if value != MASK}
    return {key: value for key, value in {**old, **kept}.items() if value is not None}
