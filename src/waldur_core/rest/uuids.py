"""Telling uuids from other words."""

import re


def is_uuid(text: str) -> bool:
    """Whether `text` is a uuid, dashed or 32 hex digits."""
    return bool(re.fullmatch(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text))
