"""From what a cloud answers to the closed list of errors a user can act on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from keystoneauth1 import exceptions as ksa

from waldur_core.operations import errors
from waldur_core.secrets.redaction import MASK

SECRET_KEYS = ("password", "adminPass", "user_data")
_TAGS = re.compile(r"<[^>]+>")
_BREAKS = re.compile(r"<br */?>")
# what went wrong, in the long stories that HTTP libraries tell
_REASON = re.compile(
    r"certificate verify failed: ([^(]+?) \(|\[(?:SSL|X509): (?!CERTIFICATE_VERIFY)(\w+)\]"
    r"|(Failed to resolve '[^']+')|\[Errno -?\d+\] ([^'\")]+)"
)


@contextmanager
def translated(what: str, project: str = "") -> Iterator[None]:
    """Turn keystoneauth's exceptions into ours, each with a sentence that helps. `project`: the one we speak for."""
    try:
        yield
    except ksa.SSLError as error:
        raise errors.CertificateRefused(
            f"{what}: the TLS certificate of the cloud is not trusted ({_short(error)}). "
            "Renew it, give its CA as `certificate`, or turn off `verify_ssl` for tests."
        ) from error
    except (ksa.ConnectionError, ksa.DiscoveryFailure) as error:
        raise errors.Unreachable(f"{what}: the cloud cannot be reached ({_short(error)}).") from error
    except ksa.Unauthorized as error:
        place = (
            f" in project {project}: it was deleted or disabled, or the account lost its role there" if project else ""
        )
        raise errors.AuthenticationFailed(
            f"{what}: the cloud refuses the credentials of the service account{place}."
        ) from error
    except (ksa.EndpointNotFound, ksa.CatalogException) as error:
        raise errors.Invalid(f"{what}: the service catalogue has no such endpoint ({_short(error)}).") from error
    except ksa.HttpError as error:
        raise from_response(what, error.response) from error
    except ksa.ClientException as error:
        raise errors.Invalid(f"{what}: {_short(error)}") from error


@contextmanager
def concealed(secrets: Iterable[str]) -> Iterator[None]:
    """Services quote what they refuse: keep the secrets that were sent out of the error's words."""
    try:
        yield
    except errors.OperationError as error:
        for secret in secrets:
            error.message = error.message.replace(secret, MASK) if secret else error.message
        error.args = (error.message,)
        raise


def secrets_in(body: Any) -> set[str]:
    """The values of secret keys, however deep."""
    if isinstance(body, list | tuple):
        return {secret for item in body for secret in secrets_in(item)}
    if not isinstance(body, Mapping):
        return set()
    found = {value for key, value in body.items() if key in SECRET_KEYS and isinstance(value, str)}
    return found.union(*(secrets_in(value) for value in body.values()))


def from_response(what: str, response: Any) -> errors.OperationError:
    """The error that an HTTP answer of 400 or more stands for."""
    status, text = response.status_code, message_of(response)
    sentence = f"{what}: {text}" if text else f"{what}: the cloud answered {status}."
    if status == 413 or "overquota" in text.lower().replace(" ", "") or "quota exceeded" in text.lower():
        return errors.CloudQuotaExceeded(sentence)
    if _type_of(response) == "OverQuota":
        return errors.CloudQuotaExceeded(sentence)
    if status in (401, 403):
        return errors.AuthenticationFailed(sentence)
    if status == 404:
        return errors.NotFound(sentence)
    if status == 409:
        return errors.CloudConflict(sentence)
    if status == 500:
        return errors.CloudFailure(sentence)
    if status == 429 or status > 500:
        return errors.Unreachable(sentence, after=_retry_after(response))
    return errors.Invalid(sentence)


def message_of(response: Any) -> str:
    """The human sentence in an error body of any OpenStack service; the text of the page when it is not JSON."""
    try:
        body = response.json()
    except ValueError:
        return _sentence(_TAGS.sub(" ", response.text))
    if isinstance(body, dict):
        for value in body.values():
            if isinstance(value, dict) and "message" in value:
                return _sentence(str(value["message"]))
        for key in ("message", "NeutronError"):
            if isinstance(body.get(key), str):
                return _sentence(_BREAKS.sub(" ", body[key]))
    return _sentence(str(body))


def _sentence(text: str) -> str:
    return " ".join(text.split())[:500]


def _type_of(response: Any) -> str:
    try:
        return str(response.json()["NeutronError"]["type"])
    except (ValueError, KeyError, TypeError):
        return ""


def _retry_after(response: Any) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), 300.0) if value.isdigit() else None


def _short(error: Exception) -> str:
    if found := _REASON.search(str(error)):
        return str(found[found.lastindex or 0])
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
