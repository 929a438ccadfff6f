"""Passwords and parts of names that nobody can guess."""

import secrets
import string

from django.utils.text import slugify

PASSWORD_LENGTH = 16
# without characters that look alike
ALPHABET = (
    "".join(c for c in string.ascii_lowercase if c not in "ilo")
    + "".join(c for c in string.ascii_uppercase if c not in "IO")
    + "23456789"
)


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def slug_of(name: str) -> str:
    """What the names of a tenant's user and first network begin with."""
    return slugify(name)[:25] or "tenant"


def generated_credentials(name: str) -> dict[str, str]:
    """The user of a new tenant of this name, with a password nobody has chosen."""
    return {
        "user_username": f"{slug_of(name)}-user-{random_text(4).lower()}",
        "user_password": random_text(PASSWORD_LENGTH),
    }
