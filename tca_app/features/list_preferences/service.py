"""How each person sees the lists: their columns and density. Everybody reads and changes only their own."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.features.list_preferences.schemas import ListPreferenceRead, ListPreferenceUpdate
from tca_app.models import ListPreference

_table = ListPreference.__table__.c


async def read_preference(session: AsyncSession, actor: Actor, name: str) -> ListPreferenceRead:
    """Returns how the actor sees the list `name`: all columns, comfortably, until they change it."""
    own = select(_table.hidden, _table.is_compact).where(_table.user_id == actor.user_id, _table.list == name)
    row = (await session.execute(own)).first()
    return ListPreferenceRead.model_validate(row) if row else ListPreferenceRead()


async def save_preference(session: AsyncSession, actor: Actor, name: str, data: ListPreferenceUpdate) -> None:
    """Saves how the actor sees the list `name`. Saving the default deletes the row."""
    if not data.hidden and not data.is_compact:
        own = (_table.user_id == actor.user_id) & (_table.list == name)
        await session.execute(delete(ListPreference).where(own))
        return
    values = data.model_dump()
    put = insert(ListPreference).values(user_id=actor.user_id, list=name, **values)
    await session.execute(put.on_conflict_do_update(index_elements=["user_id", "list"], set_=values))
