"""The keys that encrypt columns: from the environment, else a file that is made once with mode 0600."""

import functools
import os
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def load_or_create(path: Path) -> list[str]:
    """Return the keys in `path`, newest first, one per line; write a fresh one when there is no file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(Fernet.generate_key().decode() + "\n")
    return path.read_text().split()


def prepend_new_key(path: Path) -> None:
    """Make a new newest key; the older ones stay readable until the columns are rotated."""
    keys = [Fernet.generate_key().decode(), *load_or_create(path)]
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(keys) + "\n")
    temporary.replace(path)
    cipher.cache_clear()


@functools.cache
def cipher() -> MultiFernet:
    """The cipher in force: encrypts with the newest key, decrypts with any."""
    keys = settings.SECRET_KEYS or load_or_create(settings.SECRET_KEYS_FILE)
    return MultiFernet([Fernet(key) for key in keys])
