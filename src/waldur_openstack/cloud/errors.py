"""From what a cloud answers to the closed list of errors a user can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keystoneauth1 import exceptions as ksa

from waldur_core.operations import errors

_TAGS = re.compile(r"<[^>]+>|\s+")
# what went wrong, in the long stories that HTTP libraries tell
_REASON = re.compile(
    r"certificate verify failed: ([^(]+?) \(|\[(?:SSL|X509): (?!CERTIFICATE_VERIFY)(\w+)\]"
    r"|(Failed to resolve '[^']+')|\[Errno -?\d+\] ([^'\")]+)"
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn keystoneauth's exceptions into ours, each with a sentence that helps."""
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
        raise errors.AuthenticationFailed(
            f"{what}: the cloud refuses the credentials of the service account."
        ) from error
    except (ksa.EndpointNotFound, ksa.CatalogException) as error:
        raise errors.Invalid(f"{what}: the service catalogue has no such endpoint ({_short(error)}).") from error
    except ksa.HttpError as error:
        raise from_response(what, error.response) from error
    except ksa.ClientException as error:
        raise errors.Invalid(f"{what}: {_short(error)}") from error


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
        return _TAGS.sub(" ", response.text).strip()[:500]
    if isinstance(body, dict):
        for value in body.values():
            if isinstance(value, dict) and "message" in value:
                return str(value["message"])[:500]
        for key in ("message", "NeutronError"):
            if isinstance(body.get(key), str):
                return str(body[key])[:500]
    return str(body)[:500]


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
