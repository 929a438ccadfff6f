"""Settings, URLs, the Celery application and the `waldur` command."""

from waldur_core.server.celery import app as celery_app

__all__ = ["celery_app"]
