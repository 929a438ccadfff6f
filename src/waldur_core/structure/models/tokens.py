import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from waldur_core.secrets.fields import EncryptedTextField


class AuthTokenManager(models.Manager["AuthToken"]):
    def find(self, key: str) -> "AuthToken | None":
        """The token with this key, with its user; looked up by digest, for the key itself is encrypted."""
        return self.select_related("user").filter(digest=digest_of(key)).first()

    def issue(self, user: Any) -> "AuthToken":
        """The user's token; a new one when there is none or it has expired."""
        token = self.filter(user=user).first()
        if token:
            token.user = user  # known, so not read again
            if not token.is_expired():
                token.touch()
                return token
        return self.renew(user)

    def renew(self, user: Any) -> "AuthToken":
        """A new key; the old one dies."""
        key = secrets.token_hex(20)
        fresh = {"key": key, "digest": digest_of(key), "created": timezone.now(), "last_used": timezone.now()}
        return self.update_or_create(user=user, defaults=fresh)[0]


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class AuthToken(models.Model):
    """A user's API token. Its life slides: each use starts `user.token_lifetime` seconds anew."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="auth_token")
    key = EncryptedTextField()
    digest = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now)
    last_used = models.DateTimeField(default=timezone.now)

    objects = AuthTokenManager()

    @property
    def expires_at(self) -> Any:
        lifetime = self.user.token_lifetime
        return None if lifetime is None else self.last_used + timedelta(seconds=lifetime)

    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at < timezone.now()

    def touch(self) -> None:
        """Slide the life; written at most once a minute so that reads stay reads."""
        if timezone.now() - self.last_used > timedelta(minutes=1):
            AuthToken.objects.filter(pk=self.pk).update(last_used=timezone.now())
