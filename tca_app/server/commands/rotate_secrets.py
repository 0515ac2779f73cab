"""`python -m tca_app rotate-secrets`: encrypts again what SECRET_KEY_PREVIOUS encrypted (docs/secret-key.md)."""

import asyncio

import typer

from tca_app.config.settings import get_settings
from tca_app.core.database.session import close_db
from tca_app.core.plurals import plural
from tca_app.core.stores.embedded import configured_stores
from tca_app.core.telemetry.lines import lines
from tca_app.features.secret_key.rotation import count_keyed_codes, rotate_column, sealed_columns
from tca_app.server.commands.faults import plain_faults
from tca_app.server.migrate import migrate


def rotate_secrets() -> None:
    """Encrypt with SECRET_KEY what SECRET_KEY_PREVIOUS encrypted, while the console runs; run it again at will."""
    with plain_faults(), configured_stores():
        migrate()
        if not asyncio.run(_rotate()):
            raise typer.Exit(1)


async def _rotate() -> bool:
    """Rotate every column and report it. Return False if something cannot be decrypted."""
    try:
        done = []
        for column in sealed_columns():
            done.append(await rotate_column(column))
            lines.say(done[-1].summary)
        if codes := await count_keyed_codes():
            lines.warn(
                f"{plural(codes, 'recovery code')} of an older version cannot be encrypted again: without the key of "
                "that time they stop working, and their owners need new ones"
            )
    finally:
        await close_db()
    unreadable = sum(rotated.unreadable for rotated in done)
    if unreadable:
        lines.fail(
            f"{plural(unreadable, 'secret')} can be decrypted with neither key: set the key that encrypted them as "
            "SECRET_KEY_PREVIOUS and run this again, or have them set anew"
        )
    elif len(get_settings().secret_keys) == 1:
        lines.say("SECRET_KEY decrypts everything; SECRET_KEY_PREVIOUS is not set")
    else:
        lines.say("SECRET_KEY decrypts everything; SECRET_KEY_PREVIOUS can go when docs/secret-key.md says so")
    return not unreadable
