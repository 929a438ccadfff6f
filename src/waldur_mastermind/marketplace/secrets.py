"""Connection details with passwords among them: shown masked, and changed key by key."""

import re
from collections.abc import Mapping
from typing import Any

from waldur_core.secrets.redaction import MASK, redact

_SECRET = re.compile(r"password|passwd|secret|token|private_key|api_key|credential|certificate_key", re.IGNORECASE)


def masked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with every password-like key and every URL with a password hidden; what is empty shows that it is."""
    return {key: MASK if value and is_secret(key, value) else value for key, value in options.items()}


def is_secret(key: str, value: Any) -> bool:
    return bool(_SECRET.search(key)) or (isinstance(value, str) and "://" in value and redact(value) != value)


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`old` changed by `new`: null removes a key, and a mask that comes back leaves the value as it was."""
    kept = {key: value for key, value in new.items() if value != MASK}
    return {key: value for key, value in {**old, **kept}.items() if value is not None}
