"""A cloud's databases: made, kept as a template, put back."""

import subprocess
from typing import IO

from lab.cloud import DATABASES, HOST, SECRET, Cloud
from lab.infra import ACCOUNT, sql
from lab.report import LabError

DUMP = "databases.sql"


def tune() -> None:
    """Many connection pools, and nothing worth a disk flush per commit. Lasts until MariaDB restarts."""
    sql("SET GLOBAL max_connections=2000; SET GLOBAL innodb_flush_log_at_trx_commit=2;")


def create(cloud: Cloud) -> None:
    """Empty databases, whatever was there before."""
    statements = [
        f"DROP DATABASE IF EXISTS {database};"
        f"CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;"
        for database in _names(cloud)
    ]
    # Which of the two a connection to 127.0.0.1 counts as depends on skip-name-resolve.
    for host in ("localhost", HOST):
        statements.append(f"CREATE OR REPLACE USER {ACCOUNT}@'{host}' IDENTIFIED BY '{SECRET}';")
        statements.append(rf"GRANT ALL ON `waldur\_lab\_%`.* TO {ACCOUNT}@'{host}';")
    sql("".join(statements))


def identity(cloud: Cloud) -> str:
    """What tells this build of the cloud from any other: a uuid Keystone gave; empty without one.

    The databases are MariaDB's, not this clone's: another clone of the repository may have made its own.
    """
    try:
        return sql(f"SELECT id FROM {cloud.database('keystone')}.project WHERE name='service';").strip()
    except LabError:
        return ""


def dump(cloud: Cloud) -> None:
    command = ["mariadb-dump", "-uroot", "--single-transaction", "--skip-comments", "--databases"]
    with (cloud.template / DUMP).open("wb") as file:
        _run([*command, *_names(cloud)], stdout=file)


def restore(cloud: Cloud) -> None:
    create(cloud)
    quick = "--init-command=SET SESSION foreign_key_checks=0, unique_checks=0"
    with (cloud.template / DUMP).open("rb") as file:
        _run(["mariadb", "-uroot", quick], stdin=file)


def _names(cloud: Cloud) -> list[str]:
    return [cloud.database(name) for name in DATABASES]


def _run(command: list[str], stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> None:
    done = subprocess.run(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
    if done.returncode:
        raise LabError(f"{command[0]}: {done.stderr.decode().strip()}")
