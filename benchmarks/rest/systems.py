"""The three systems that are compared, with the same number of rows: the console, the limit and the template."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import argon2
import httpx
import psycopg

from benchmarks.console import PASSWORD, USERNAME, console, running
from tca_app.core.stores.embedded import embedded_stores

LIMIT_PORT, TEMPLATE_PORT = "8111", "8112"
EMAIL = "admin@example.com"
CASES = ("health", "me", "user", "users", "projects", "create")
DESCRIPTION = "Description of an ordinary length for one item of the list."

# The tables of the template, which the limit uses too. Every user has the hash of the administrator's password.
TABLES = """
CREATE TABLE "user" (
  id uuid PRIMARY KEY, email varchar(255) NOT NULL, is_active boolean NOT NULL, is_superuser boolean NOT NULL,
  full_name varchar(255), hashed_password varchar NOT NULL, created_at timestamptz);
CREATE UNIQUE INDEX ix_user_email ON "user" (email);
CREATE TABLE item (
  id uuid PRIMARY KEY, title varchar(255) NOT NULL, description varchar(255),
  owner_id uuid NOT NULL REFERENCES "user" ON DELETE CASCADE, created_at timestamptz);
"""
USERS = """
INSERT INTO "user" (id, email, is_active, is_superuser, full_name, hashed_password, created_at)
SELECT CAST(md5('user' || number) AS uuid),
       CASE number WHEN 0 THEN %(email)s ELSE 'user' || number || '@example.com' END, true,
       number = 0, 'User Number ' || number, %(hash)s, timestamptz '2026-01-01' + number * interval '1 minute'
FROM generate_series(0, 10000) AS number
"""
ITEMS = """
INSERT INTO item (id, title, description, owner_id, created_at)
SELECT CAST(md5('item' || number) AS uuid), 'Item title ' || number,
       'Description of item number ' || number || ', a line of text of ordinary length.',
       CAST(md5('user' || number) AS uuid), timestamptz '2026-01-01' + number * interval '1 minute'
FROM generate_series(1, 10000) AS number
"""
# The template has none on the order of its lists.
LIMIT_INDEXES = """
CREATE INDEX user_created ON "user" (created_at DESC);
CREATE INDEX item_created ON item (created_at DESC);
"""


@dataclass(frozen=True)
class System:
    """A running server, how to sign in, and the path of each case. `create` posts a project or an item."""

    name: str
    url: str
    pid: int
    login: str
    credentials: dict[str, Any]
    paths: dict[str, str]
    created: str

    def sign_in(self) -> str:
        """Return a bearer token."""
        response = httpx.post(self.url + self.login, **self.credentials, timeout=30).raise_for_status()
        return str(response.json()["access_token"])

    def user_ids(self, token: str) -> list[str]:
        """Return a hundred ids from the middle of the list of users."""
        url = self.url + self.paths["users"].replace("skip=0", "skip=5000")
        response = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).raise_for_status()
        content = response.json()
        return [str(user["id"]) for user in (content if isinstance(content, list) else content["data"])]


def _paths(prefix: str, health: str, projects: str, slash: str = "") -> dict[str, str]:
    page = f"{slash}?skip=0&limit=100"
    return {
        "health": health,
        "me": f"{prefix}/users/me",
        "user": f"{prefix}/users/{{user_id}}",
        "users": f"{prefix}/users{page}",
        "projects": f"{prefix}/{projects}{page}",
        "create": f"{prefix}/{projects}{slash}",
    }


@contextmanager
def all_systems(*, with_template: bool = True) -> Iterator[list[System]]:
    """Run the systems, the console first. Each is one process on granian."""
    with ExitStack() as stack:
        ours = stack.enter_context(console())
        account: dict[str, Any] = {"json": {"username": USERNAME, "password": PASSWORD}}
        paths = _paths("/api/v1", "/health/live", "projects")
        systems = [System("ours", ours.url, ours.pid, "/api/auth/login", account, paths, "name")]
        urls = stack.enter_context(embedded_stores(Path(stack.enter_context(_folder())), redis=False))
        peers = [("limit", LIMIT_PORT, "/login", _paths("", "/health", "items"))]
        if with_template:
            paths = _paths("/api/v1", "/api/v1/utils/health-check/", "items", "/")
            peers.append(("template", TEMPLATE_PORT, "/api/v1/login/access-token", paths))
        form = {"data": {"username": EMAIL, "password": PASSWORD}}
        for name, port, login, paths in peers:
            dsn = _seeded_database(urls.database_url, name)
            url = f"http://localhost:{port}"
            pid = stack.enter_context(_peer(name, port, dsn, url + paths["health"]))
            systems.append(System(name, url, pid, login, form, paths, "title"))
        yield systems


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="tca-peers-")


def _seeded_database(server_url: str, name: str) -> str:
    """Create the database of a peer. Returns its DSN, which psycopg, asyncpg and SQLAlchemy understand."""
    dsn = server_url.replace("/tca?", f"/{name}_peer?")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_peer")
    if name == "limit":  # the costs of the console; the template's are the defaults of the library
        hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    else:
        hasher = argon2.PasswordHasher()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute(USERS, {"email": EMAIL, "hash": hasher.hash(PASSWORD)})
        connection.execute(ITEMS)
        if name == "limit":
            connection.execute(LIMIT_INDEXES)
        connection.execute("VACUUM ANALYZE")
    return dsn


@contextmanager
def _peer(name: str, port: str, dsn: str, health_url: str) -> Iterator[int]:
    options = ["--interface", "asgi", "--port", port, "--workers", "1", "--loop", "uvloop", "--no-ws", "--http", "1"]
    command = [sys.executable, "-m", "granian", *options, "--log-level", "warning", f"benchmarks.rest.{name}:app"]
    driver = dsn.replace("postgresql:", "postgresql+psycopg:") if name == "template" else dsn
    with running(command, health_url, **{f"{name.upper()}_DSN": driver}) as pid:
        yield pid
