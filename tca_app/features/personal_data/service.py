"""Service functions for a person's data: what the console stores about somebody, as one file."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading
from tca_app.core.display_name import display_name
from tca_app.core.events.log import emit
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.personal_data.events import PersonalDataExported
from tca_app.features.personal_data.sections import SECTIONS, Section
from tca_app.features.users import policy, service as users

BATCH = 500
MAX_ROWS = 50_000  # of each section


async def require_export(session: AsyncSession, actor: Actor, user_id: int) -> None:
    """Raises NotFound, or ReauthenticationRequired: your own data, or that of anybody for administrators."""
    policy.require(actor, "users.export", user_id)
    await require_recent_proof(session, actor, is_credential=True)
    await users.get_user(session, actor, user_id)


async def begin_export(session: AsyncSession, actor: Actor, user_id: int) -> None:
    """Checks the permission and records that the data was exported. `export_parts` reads it."""
    await require_export(session, actor, user_id)
    user = await users.get_user(session, actor, user_id)
    await emit(session, actor, PersonalDataExported(subject_id=user_id, subject_name=display_name(user)))


async def export_parts(user_id: int) -> AsyncIterator[bytes]:
    """Yields one JSON object: a list of rows for each section, and `truncated`, the sections with more rows."""
    yield b'{"exported_at": ' + orjson.dumps(datetime.now(UTC))
    truncated: list[str] = []
    for section in SECTIONS:
        yield b',\n"' + section.name.encode() + b'": ['
        count = 0
        async for rows in _batches(section, user_id):
            yield (b",\n" if count else b"\n") + b",\n".join(map(orjson.dumps, rows))
            count += len(rows)
            if count >= MAX_ROWS:
                truncated.append(section.name)
                break
        yield b"]"
    yield b',\n"truncated": ' + orjson.dumps(truncated) + b"}\n"


async def _batches(section: Section, user_id: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Yields rows, each batch read in a session of its own, so that a slow client holds no connection."""
    after: tuple[Any, ...] | None = None
    while True:
        async with reading() as session:
            found = (await session.execute(section.statement(after, BATCH), {"person_id": user_id})).all()
        if not found:
            return
        rows = [dict(row._mapping) for row in found]
        keys = [name for name in rows[-1] if name.startswith("key_")]
        after = tuple(rows[-1][name] for name in keys)
        yield [{name: value for name, value in row.items() if name not in keys} for row in rows]
        if len(found) < BATCH:
            return
