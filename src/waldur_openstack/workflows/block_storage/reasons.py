"""Why Cinder gave something up: it tells the users of the project in messages of its own."""

from datetime import UTC, datetime, timedelta

from waldur_core.operations.errors import OperationError
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.gateway import JSON

EARLIER = timedelta(minutes=1)  # Cinder tells why at about the time at which it changes the state


def given_up(cloud: Cloud, deed: str, found: JSON) -> str:
    """What to tell of a volume or snapshot that Cinder `found` in trouble; `deed`: e.g. "extend volume data"."""
    text = f"The cloud could not {deed} (its state there is {found['status']})."
    said = _reason(cloud, found)
    return f"{text} It says: {said}" if said else text


def _reason(cloud: Cloud, found: JSON) -> str:
    """Empty where Cinder does not say: that must not hide what has happened, nor may an older trouble explain it."""
    try:
        message = cloud.block_storage.last_message(found["id"])
    except OperationError:
        return ""
    if (
        message is None
        or _moment(message["created_at"]) < _moment(found["updated_at"] or found["created_at"]) - EARLIER
    ):
        return ""
    return str(message["user_message"])


def _moment(text: str) -> datetime:
    """Cinder means UTC where it names no offset."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
