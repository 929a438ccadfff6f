import base64
import binascii
import hashlib
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from waldur_core.models import IdentifiedModel


def decode_public_key(text: str) -> tuple[str, bytes, str]:
    """Split an OpenSSH public key line into (type, blob, comment); ValidationError when it is none."""
    words = text.strip().split(None, 2)
    if "\n" in text.strip() or len(words) < 2:
        raise ValidationError("Give an OpenSSH public key on one line: type, base64 key, optional comment.")
    try:
        blob = base64.b64decode(words[1], validate=True)
        size = int.from_bytes(blob[:4], "big")
        inner = blob[4 : 4 + size].decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValidationError("The key does not decode: it is not valid base64 of an OpenSSH key.") from error
    if inner != words[0]:
        raise ValidationError(f"The key says {words[0]!r} outside but {inner!r} inside.")
    return words[0], blob, words[2] if len(words) > 2 else ""


class SshPublicKey(IdentifiedModel):
    """A user's public key, with the fingerprints clients look it up by."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="ssh_keys")
    name = models.CharField(max_length=150)
    public_key = models.TextField(max_length=2000)
    type = models.CharField(max_length=100)
    fingerprint_md5 = models.CharField(max_length=47)
    fingerprint_sha256 = models.CharField(max_length=64)
    fingerprint_sha512 = models.CharField(max_length=100)
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ("name",)
        verbose_name = "SSH key"
        constraints = (models.UniqueConstraint(fields=("user", "name"), name="ssh_key_name_unique_per_user"),)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.type, blob, _ = decode_public_key(self.public_key)
        self.fingerprint_md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
        self.fingerprint_md5 = ":".join(self.fingerprint_md5[i : i + 2] for i in range(0, 32, 2))
        self.fingerprint_sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        self.fingerprint_sha512 = base64.b64encode(hashlib.sha512(blob).digest()).decode().rstrip("=")
        super().save(*args, **kwargs)

    @classmethod
    def visible_also(cls, user: Any) -> Q:
        return Q(user_id=user.pk) | Q(is_shared=True)
