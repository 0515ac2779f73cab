"""The layout of a user's dashboard: which cards and panels it shows, in which order.

It contains only what the user may see. The services check that again when the data is read.
"""

from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.features.dashboard.schemas import CardName, LayoutRead, LayoutUpdate, PanelName
from tca_app.features.users import policy
from tca_app.models import DashboardLayout

CARDS: tuple[CardName, ...] = get_args(CardName)
PANELS: tuple[PanelName, ...] = get_args(PanelName)
OF_PEOPLE = ("users", "users_over_time", "newest_users")
# Panels that are hidden by default.
ON_REQUEST: tuple[PanelName, ...] = ("users_over_time", "newest_projects", "newest_users")
_table = DashboardLayout.__table__.c
_LAYOUT = select(_table.cards, _table.panels, _table.hidden)


def standard(actor: Actor) -> LayoutRead:
    """Returns the default layout of what the user may see."""
    unseen = () if policy.may(actor, "users.list") else OF_PEOPLE
    return LayoutRead(
        cards=[name for name in CARDS if name not in unseen],
        panels=[name for name in PANELS if name not in unseen],
        hidden=[name for name in ON_REQUEST if name not in unseen],
    )


Name = TypeVar("Name", bound=str)


async def read_layout(session: AsyncSession, actor: Actor) -> LayoutRead:
    """Returns the user's layout. Cards and panels that are newer than the saved layout have their default position."""
    usual = standard(actor)
    row = (await session.execute(_LAYOUT.where(_table.user_id == actor.user_id))).first()
    if row is None:
        return usual
    hidden = [name for name in (*usual.cards, *usual.panels) if name in row.hidden]
    return LayoutRead(cards=_placed(row.cards, usual.cards), panels=_placed(row.panels, usual.panels), hidden=hidden)


async def save_layout(session: AsyncSession, actor: Actor, data: LayoutUpdate) -> LayoutRead:
    """Saves a layout. Names left out keep their default position. Saving the default deletes the saved layout."""
    values: dict[str, Any] = data.model_dump()
    if values == standard(actor).model_dump():
        await reset_layout(session, actor)
        return standard(actor)
    put = insert(DashboardLayout).values(user_id=actor.user_id, **values)
    await session.execute(put.on_conflict_do_update(index_elements=["user_id"], set_=values))
    return await read_layout(session, actor)


async def reset_layout(session: AsyncSession, actor: Actor) -> None:
    await session.execute(delete(DashboardLayout).where(_table.user_id == actor.user_id))


def _placed(chosen: Sequence[str], usual: Sequence[Name]) -> list[Name]:
    """Returns the chosen order. A name that was not chosen comes after the one that precedes it by default."""
    order = sorted((name for name in usual if name in chosen), key=chosen.index)
    for place, name in enumerate(usual):
        if name not in order:
            order.insert(order.index(usual[place - 1]) + 1 if place else 0, name)
    return order
