"""What the JSON schemas of Keystone, Nova and Cinder refuse: names, texts and metadata that do not fit."""

from __future__ import annotations

import re
from typing import Any

from .errors import ApiError, bad_request, forbidden

METADATA_KEY = "^[a-zA-Z0-9-_:. ]{1,255}$"
MOST_METADATA = 128


def invalid(name: str, value: object, why: str) -> ApiError:
    return bad_request(f"Invalid input for field/attribute {name}. Value: {value}. {why}")


def check_text(name: str, value: object, most: int = 255, least: int = 0) -> None:
    if not isinstance(value, str):
        raise invalid(name, value, f"{value!r} is not of type 'string'")
    if len(value) < least:
        raise invalid(name, value, f"'{value}' should be non-empty")
    if len(value) > most:
        raise invalid(name, value, f"'{value}' is too long")


def check_name(value: object) -> None:
    """Nova's rule for names."""
    check_text("name", value, least=1)
    if not str(value).isprintable() or str(value) != str(value).strip():
        raise bad_request(
            "An invalid 'name' value was provided. The name must be: printable characters. "
            "Can not start or end with whitespace."
        )


def check_cinder_texts(body: dict[str, Any]) -> None:
    for name in ("name", "description"):
        text = body.get(name)
        if text is not None and len(str(text)) > 255:
            raise bad_request(f"Invalid input received: {name} has {len(str(text))} characters, more than 255.")
    check_metadata(body.get("metadata") or {})


def check_metadata(metadata: object) -> None:
    """Keys of some characters, values that are texts, and not too many."""
    if not isinstance(metadata, dict):
        raise invalid("metadata", metadata, f"{metadata!r} is not of type 'object'")
    for key, value in metadata.items():
        if not re.match(METADATA_KEY, key):
            raise invalid("metadata", metadata, f"'{key}' does not match any of the regexes: '{METADATA_KEY}'")
        check_text(key, value)
    if len(metadata) > MOST_METADATA:
        raise forbidden(f"Maximum number of metadata items exceeds {MOST_METADATA}")
