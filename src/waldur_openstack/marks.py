"""The marks by which we know our own objects in a cloud, and the texts that carry them."""

import re
from typing import Any

MARK = "waldur:"
METADATA_KEY = "waldur_uuid"
DESCRIPTION_LENGTH = 255  # what Neutron takes at most
_UUID = re.compile(r"[0-9a-f]{32}")
_IN_DESCRIPTION = re.compile(rf" ?\[{MARK}([0-9a-f]{{32}})\]$|^{MARK}([0-9a-f]{{32}})$")


def mark(obj: Any) -> str:
    """The mark an object carries in the cloud: by it a lost effect is found again, and nothing else is ever adopted."""
    return f"{MARK}{obj.uuid.hex}"


def described(obj: Any) -> str:
    """The description to send to the cloud: the user's text, cut when it is long, and our mark."""
    own = mark(obj)
    text = obj.description[: DESCRIPTION_LENGTH - len(own) - len(" []")]
    return f"{text} [{own}]" if text else own


def undescribed(description: str) -> tuple[str, str]:
    """(the user's text, the uuid of our mark or "") of a description in the cloud."""
    found = _IN_DESCRIPTION.search(description)
    return (description[: found.start()], found[1] or found[2]) if found else (description, "")


def metadata_mark(obj: Any) -> dict[str, str]:
    """The mark for services that keep metadata."""
    return {METADATA_KEY: obj.uuid.hex}


def is_uuid(text: str) -> bool:
    """Spelled as marks spell it: 32 hex digits."""
    return _UUID.fullmatch(text) is not None


def marked(metadata: dict[str, Any]) -> str:
    """The uuid of our mark in metadata, or "": another value under our key is somebody else's."""
    value = str(metadata.get(METADATA_KEY, ""))
    return value if is_uuid(value) else ""


def unmarked(metadata: dict[str, Any]) -> dict[str, Any]:
    """The user's own metadata."""
    return {key: value for key, value in metadata.items() if key != METADATA_KEY}
