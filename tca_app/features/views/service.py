"""Service functions for saved views. A person sees their own and the shared ones of lists that they may see."""

from sqlalchemy import ColumnElement, Row, Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import lock, refuse_duplicates
from tca_app.core.errors import Conflict, Invalid, NotFound, Stale
from tca_app.core.language.messages import N_, _
from tca_app.features.projects import queries as projects
from tca_app.features.tokens import service as tokens
from tca_app.features.views import policy
from tca_app.features.views.lists import MAX_QUERY, ViewedList, parsed
from tca_app.features.views.schemas import ViewCreate, ViewRead, ViewUpdate
from tca_app.features.webhooks import queries as webhooks
from tca_app.models import Project, SavedView

MAX_VIEWS = 50  # of a person, and of the shared ones
_VIEWS = SavedView.__table__
_views = _VIEWS.c
# The record whose list it is: a list must have it, or may.
_RECORDS, _OPTIONAL = (
    {"members": "project_id", "deliveries": "webhook_id"},
    {"webhooks": "project_id", "own_tokens": "project_id"},
)
_TAKEN = {"uq_saved_views_user_id_list_name": ("name", N_("A view of this list has this name already."))}


def _visible(actor: Actor) -> Select[tuple[object, ...]]:
    return (
        select(*_views)
        .where(or_(_views.user_id == actor.user_id, _views.user_id.is_(None)))
        .where(_views.list.in_(policy.visible_lists(actor)))
        .where(or_(_of_visible_project(actor), _of_no_project(actor)))
        .order_by(func.lower(_views.name), _views.id)
        .params(actor_id=actor.user_id)
    )


def _of_visible_project(actor: Actor) -> ColumnElement[bool]:
    table = Project.__table__.c
    seen = select(table.id).where(table.deleted_at.is_(None), projects.visible(actor.is_superuser))
    return _views.project_id.in_(seen)


def _of_no_project(actor: Actor) -> ColumnElement[bool]:
    """Returns the condition of the lists of the console. The webhooks of the instance are for administrators."""
    of_none = _views.project_id.is_(None)
    return of_none if actor.is_superuser else of_none & _views.list.not_in(("webhooks", "deliveries"))


def _read(row: Row[tuple[object, ...]]) -> ViewRead:
    """Parses the query again: the list may have lost a parameter since the view was saved."""
    values = row._asdict()
    query = parsed(values["list"], values["query"])
    return ViewRead.model_validate(values | {"query": query, "is_shared": values["user_id"] is None})


async def list_views(
    session: AsyncSession, actor: Actor, name: str | None = None, *, is_pinned: bool | None = None
) -> list[ViewRead]:
    """Returns the views of the list `name`, of all projects, or of all lists, by name."""
    chosen = _visible(actor)
    if name is not None:
        chosen = chosen.where(_views.list == name)
    if is_pinned is not None:
        chosen = chosen.where(_views.is_pinned == is_pinned)
    return [_read(row) for row in await session.execute(chosen)]


async def get_view(session: AsyncSession, actor: Actor, view_id: int) -> ViewRead:
    """Returns one view. Raises NotFound for views of others."""
    row = (await session.execute(_visible(actor).where(_views.id == view_id))).first()
    if row is None:
        raise NotFound
    return _read(row)


async def create_view(session: AsyncSession, actor: Actor, data: ViewCreate) -> ViewRead:
    """Saves a view. Raises Forbidden, Conflict for a taken name or too many views."""
    policy.require_list(actor, data.list)
    policy.require_change(actor, is_shared=data.is_shared)
    project_id = await _project_of(session, actor, data)
    query = _stored(data.list, data.query)
    user_id = None if data.is_shared else actor.user_id
    await _refuse_too_many(session, user_id)
    with refuse_duplicates(_TAKEN):
        own = {"query": query, "user_id": user_id, "project_id": project_id}
        values = data.model_dump(exclude={"is_shared"}) | own
        row = (await session.execute(insert(_VIEWS).values(values).returning(*_views))).one()
    return _read(row)


def _stored(name: ViewedList, given: str) -> str:
    """Returns the query as the list reads it. Raises Invalid for one that is longer then."""
    query = parsed(name, given)
    if len(query) > MAX_QUERY:
        raise Invalid.at("query", _("Use at most {max_query} characters.", max_query=MAX_QUERY))
    return query


async def _project_of(session: AsyncSession, actor: Actor, data: ViewCreate) -> int | None:
    """Returns the project of the list. Raises Invalid for a record that the list does not have, NotFound, Forbidden."""
    needed = _RECORDS.get(data.list)
    for name in ("project_id", "webhook_id"):
        if name == needed and getattr(data, name) is None:
            raise Invalid.at(name, _("Required."))
        if name not in (needed, _OPTIONAL.get(data.list)) and getattr(data, name) is not None:
            raise Invalid.at(name, _("This list has no such field."))
    if data.list == "webhooks":
        await webhooks.require_scope(session, actor, data.project_id)
    elif data.webhook_id is not None:
        return (await webhooks.get_webhook(session, actor, data.webhook_id)).project_id
    elif data.list == "own_tokens" and data.project_id is not None:
        await tokens.require_project(session, actor, data.project_id)
    elif data.project_id is not None:
        await projects.get_project(session, actor, data.project_id)
    return data.project_id


async def _refuse_too_many(session: AsyncSession, user_id: int | None) -> None:
    await lock(session, f"saved_views {user_id or 'shared'}")
    count = select(func.count()).select_from(_VIEWS).where(_views.user_id.is_not_distinct_from(user_id))
    if (await session.execute(count)).scalar_one() >= MAX_VIEWS:
        raise Conflict(
            _("You have {most} views already. Delete one first.", most=MAX_VIEWS)
            if user_id
            else _("There are {most} shared views already. Delete one first.", most=MAX_VIEWS)
        )


async def update_view(
    session: AsyncSession, actor: Actor, view_id: int, data: ViewUpdate, *, if_query: str | None = None
) -> ViewRead:
    """Renames a view, changes its query, or pins it.

    Raises Forbidden, NotFound, Conflict for a taken name, and Stale when its query is no longer `if_query`.
    """
    await session.execute(select(_views.id).where(_views.id == view_id).with_for_update())
    view = await get_view(session, actor, view_id)
    policy.require_change(actor, is_shared=view.is_shared)
    if if_query not in (None, view.query):
        raise Stale
    values = data.given()
    if "query" in values:
        values["query"] = _stored(view.list, data.query)
    with refuse_duplicates(_TAKEN):
        await session.execute(update(_VIEWS).where(_views.id == view_id).values(**values))
    return await get_view(session, actor, view_id)


async def delete_view(session: AsyncSession, actor: Actor, view_id: int) -> ViewRead:
    """Deletes a view and returns it. Raises Forbidden, NotFound."""
    view = await get_view(session, actor, view_id)
    policy.require_change(actor, is_shared=view.is_shared)
    await session.execute(delete(_VIEWS).where(_views.id == view_id))
    return view
