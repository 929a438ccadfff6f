"""Secrets: ciphertext in the database, keys that can be replaced, and nothing of them in logs and errors."""

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import call_command
from django.db import connection

from tests.factories import make_user
from waldur_core.events.log import record
from waldur_core.secrets.columns import encrypted_columns
from waldur_core.secrets.fields import Sealed
from waldur_core.secrets.keys import cipher, load_or_create
from waldur_core.secrets.redaction import RedactingFilter, redact
from waldur_core.structure.models import AuthToken, ServiceSettings

pytestmark = pytest.mark.django_db
SECRET = "hunter2-and-a-half"


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> Any:
    """Keys of this test alone."""
    settings.SECRET_KEYS = []
    settings.SECRET_KEYS_FILE = tmp_path / "keys" / "secret-keys"
    cipher.cache_clear()
    yield settings
    cipher.cache_clear()


def cloud() -> ServiceSettings:
    secret: Any = {"password": SECRET}
    return ServiceSettings.objects.create(name="C", type="OpenStack", secret_options=secret)


def stored(settings: ServiceSettings) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret_options FROM structure_servicesettings WHERE id = %s", [settings.pk])
        [value] = cursor.fetchone()
    assert isinstance(value, str)
    return value


def rotate(*options: str) -> str:
    out = io.StringIO()
    call_command("rotate_secrets", *options, stdout=out, stderr=out)
    return out.getvalue()


# columns ------------------------------------------------------------------------------------------------------------


def test_the_database_holds_ciphertext_and_python_the_value() -> None:
    settings = cloud()
    assert SECRET not in stored(settings)
    assert stored(settings).startswith("gAAAA")
    assert ServiceSettings.objects.get(pk=settings.pk).secret_options == {"password": SECRET}


def test_the_key_of_a_token_is_ciphertext_too_and_is_found_all_the_same() -> None:
    token = AuthToken.objects.issue(make_user())
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, digest FROM structure_authtoken")
        [(key, digest)] = cursor.fetchall()
    assert token.key not in (key, digest)
    assert AuthToken.objects.find(token.key) == token
    assert AuthToken.objects.find(token.key[:-1]) is None


@pytest.mark.parametrize("empty", [{}, None])
def test_what_is_empty_stays_empty(empty: Any) -> None:
    settings = ServiceSettings.objects.create(name="C", type="OpenStack", secret_options=empty)
    assert stored(settings) == ""
    assert ServiceSettings.objects.get(pk=settings.pk).secret_options == {}


def test_the_same_secret_never_looks_the_same() -> None:
    assert stored(cloud()) != stored(cloud())


def test_every_encrypted_column_is_known() -> None:
    names = {f"{model._meta.label}.{field.name}" for model, field in encrypted_columns()}
    assert {"structure.AuthToken.key", "structure.ServiceSettings.secret_options"} <= names


# keys ---------------------------------------------------------------------------------------------------------------


def test_the_key_file_is_made_once_and_for_its_owner_only(keys: Any) -> None:
    first = load_or_create(keys.SECRET_KEYS_FILE)
    assert load_or_create(keys.SECRET_KEYS_FILE) == first
    assert keys.SECRET_KEYS_FILE.stat().st_mode & 0o777 == 0o600


def test_a_new_key_in_the_file_takes_over_and_the_old_one_can_go(keys: Any) -> None:
    settings = cloud()
    before = stored(settings)
    assert "structure.ServiceSettings.secret_options: 1 values" in rotate("--new-key")
    newest, _old = keys.SECRET_KEYS_FILE.read_text().split()
    assert keys.SECRET_KEYS_FILE.stat().st_mode & 0o777 == 0o600
    assert stored(settings) != before
    keys.SECRET_KEYS_FILE.write_text(newest)
    cipher.cache_clear()
    assert ServiceSettings.objects.get(pk=settings.pk).secret_options == {"password": SECRET}


def test_keys_of_the_environment_rotate_when_the_new_one_stands_first(keys: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    keys.SECRET_KEYS = [old]
    settings = cloud()
    keys.SECRET_KEYS = [new, old]
    cipher.cache_clear()
    rotate()
    keys.SECRET_KEYS = [new]
    cipher.cache_clear()
    assert ServiceSettings.objects.get(pk=settings.pk).secret_options == {"password": SECRET}


def test_keys_of_the_environment_are_not_replaced_by_the_command(keys: Any) -> None:
    keys.SECRET_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SystemExit):
        rotate("--new-key")
    assert not keys.SECRET_KEYS_FILE.exists()


def test_without_its_key_a_secret_cannot_be_read(keys: Any) -> None:
    settings = cloud()
    keys.SECRET_KEYS = [Fernet.generate_key().decode()]
    cipher.cache_clear()
    found = ServiceSettings.objects.get(pk=settings.pk)
    with pytest.raises(InvalidToken):
        _ = found.secret_options


def test_a_secret_that_nobody_looks_at_stays_sealed() -> None:
    found = ServiceSettings.objects.get(pk=cloud().pk)
    sealed = vars(found)["secret_options"]
    assert isinstance(sealed, Sealed)
    found.name = "renamed"
    found.save(update_fields=["name"])
    assert vars(found)["secret_options"] is sealed
    assert found.secret_options == {"password": SECRET}


def test_rotation_goes_through_in_batches(keys: Any) -> None:
    for _ in range(5):
        cloud()
    from waldur_core.secrets.columns import rotate as rotate_column

    field: Any = ServiceSettings._meta.get_field("secret_options")
    assert rotate_column(ServiceSettings, field, batch=2) == 5


# redaction ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'{{"password": "{SECRET}"}}',
        f"{{'user_password': '{SECRET}'}}",
        f'{{"adminPass": "{SECRET}", "name": "vm"}}',
        f"password={SECRET}&user=ann",
        f"https://cloud/v3?x-auth-token={SECRET}",
        f"Authorization: Token {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"X-Auth-Token: {SECRET}",
        f"X-Subject-Token: {SECRET}",
        f'{{"auth": {{"identity": {{"password": {{"user": {{"name": "a", "password": "{SECRET}"}}}}}}}}}}',
        f'"user_data": "{SECRET}"',
        f"'secret': '{SECRET}'",
        f'{{\\"password\\": \\"{SECRET}\\"}}',
        f'{{"password": "a\\"{SECRET}"}}',
        f"OS_PASSWORD={SECRET}",
        f'{{"client_secret": "{SECRET}"}}',
        f'{{"new_password": "{SECRET}"}}',
        f'{{"password": "{SECRET}',
        f"http://admin:{SECRET}@cloud.example.org:5000/v3",
    ],
)
def test_a_secret_is_masked_however_it_is_printed(text: str) -> None:
    assert SECRET not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text", ["The password of ann has been changed.", "token_lifetime of 60 s", "http://cloud:5000/v3", ""]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_no_handler_ever_sees_a_secret() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.secrets")
    logger.addHandler(handler)
    logger.warning("calling with %s", {"password": SECRET})
    try:
        raise ValueError(f"refused: password={SECRET}")
    except ValueError:
        logger.exception("failed")
    logger.removeHandler(handler)
    assert SECRET not in out.getvalue()
    assert "ValueError: refused: password=***" in out.getvalue()


def test_the_handlers_of_the_server_redact(settings: Any) -> None:
    assert all("redact" in handler["filters"] for handler in settings.LOGGING["handlers"].values())


def test_an_event_holds_no_secret() -> None:
    event = record("resource_creation_failed", f"The cloud said: password={SECRET}", scope=None)
    assert SECRET not in event.message
