"""The demo data for tests: filled once, in seconds; each test works on a copy of that database."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tca_app.config.settings import get_settings
from tca_app.core.database.session import close_db
from tca_app.demo import organisation
from tca_app.demo.organisation import Demo
from tests.factories import run


async def fill_template(name: str) -> Demo:
    """Make the database that tests copy."""
    async with copy_in_use("tca", name):
        return await run(organisation.fill)


@asynccontextmanager
async def copy_in_use(template: str, name: str) -> AsyncIterator[None]:
    """This process uses a new copy of a database until the end of the block."""
    own = get_settings().database_url.get_secret_value()
    before = conninfo_to_dict(own)["dbname"]
    await close_db()
    with psycopg.connect(own.replace(f"/{before}?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    _use(own.replace(f"/{before}?", f"/{name}?"))
    try:
        yield
    finally:
        await close_db()
        _use(own)


def _use(url: str) -> None:
    os.environ["DATABASE_URL"] = url
    get_settings.cache_clear()
