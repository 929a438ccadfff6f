"""Passwords and parts of names that nobody can guess."""

import secrets
import string

PASSWORD_LENGTH = 16
# without characters that look alike
ALPHABET = (
    "".join(c for c in string.ascii_lowercase if c not in "ilo")
    + "".join(c for c in string.ascii_uppercase if c not in "IO")
    + "23456789"
)


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
