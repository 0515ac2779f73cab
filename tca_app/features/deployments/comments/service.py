"""Service functions for comments on deployments: everybody who may see a deployment may comment on it."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.session import lock
from tca_app.core.errors import Conflict, Forbidden, NotFound
from tca_app.core.events.log import emit
from tca_app.core.language.messages import N_, _
from tca_app.core.security.rate_limits import get_limits
from tca_app.features.deployments.comments import events
from tca_app.features.deployments.comments.mentions import (
    mentions_of,
    names_in,
    search_mentionable as search_mentionable,
    store_mentions,
)
from tca_app.features.deployments.comments.schemas import CommentCreate, CommentQuery, CommentRead, CommentUpdate
from tca_app.features.deployments.queries import VisibleDeployment, find_visible
from tca_app.features.projects import policy
from tca_app.features.users.schemas import PersonRead
from tca_app.models import DeploymentComment, User

MAX_COMMENTS = 1_000
_comments, _users = DeploymentComment.__table__.c, User.__table__.c
_COLUMNS = (_comments.id, _comments.deployment_id, _comments.body, _comments.created_at, _comments.edited_at)
_WITH_AUTHOR = (
    select(*_COLUMNS, _comments.user_id, _users.username, _users.full_name)
    .select_from(DeploymentComment.__table__)
    .outerjoin(User.__table__, _users.id == _comments.user_id)
)


class TooManyComments(Conflict):
    code = "too_many_comments"
    default = N_("A deployment has at most {most} comments.")
    values: ClassVar = {"most": f"{MAX_COMMENTS:,}"}


class _Comment(Protocol):
    """A row of `_WITH_AUTHOR`."""

    id: int
    deployment_id: int
    body: str
    user_id: int | None
    username: str | None
    full_name: str | None
    _mapping: Any


async def list_comments(
    session: AsyncSession, actor: Actor, deployment_id: int, query: CommentQuery
) -> tuple[list[CommentRead], bool]:
    """Returns the comments after `query.cursor`, newest first, and whether older ones follow."""
    deployment = await find_visible(session, actor, deployment_id)
    chosen = _WITH_AUTHOR.where(_comments.deployment_id == deployment_id)
    if query.cursor is not None:
        chosen = chosen.where(_comments.id < query.cursor)
    rows = (await session.execute(chosen.order_by(_comments.id.desc()).limit(query.limit + 1))).all()
    return await _reads(session, actor, deployment, rows[: query.limit]), len(rows) > query.limit


async def get_comment(session: AsyncSession, actor: Actor, comment_id: int) -> CommentRead:
    """Returns one comment. Raises NotFound, for people who may not see the deployment too."""
    row: Any = (await session.execute(_WITH_AUTHOR.where(_comments.id == comment_id))).first()
    if row is None:
        raise NotFound
    deployment = await find_visible(session, actor, row.deployment_id)
    return (await _reads(session, actor, deployment, [row]))[0]


async def _reads(
    session: AsyncSession, actor: Actor, deployment: VisibleDeployment, rows: Sequence[Any]
) -> list[CommentRead]:
    mentions = await mentions_of(session, [row.id for row in rows])
    moderates = policy.may(actor, "comments.moderate", deployment.my_role)
    return [_read(row, mentions.get(row.id, []), actor, moderates=moderates) for row in rows]


def _read(row: _Comment, mentions: Iterable[Any], actor: Actor, *, moderates: bool) -> CommentRead:
    is_own = row.user_id == actor.user_id
    author = None
    if row.user_id is not None:
        author = PersonRead(id=row.user_id, username=row.username or "", full_name=row.full_name or "")
    values = {column.name: row._mapping[column.name] for column in _COLUMNS}
    return CommentRead(
        **values, author=author, mentions=list(mentions), may_edit=is_own, may_delete=is_own or moderates
    )


async def create_comment(session: AsyncSession, actor: Actor, deployment_id: int, data: CommentCreate) -> CommentRead:
    """Adds a comment and notifies whom it mentions. Raises TooManyComments, TooManyRequests."""
    deployment = await find_visible(session, actor, deployment_id)
    policy.require(actor, "comments.write", deployment.my_role)
    await _count_use(actor, 1)
    names_in(data.body)
    await lock(session, f"comments {deployment_id}")
    count = select(func.count()).select_from(DeploymentComment.__table__)
    if (await session.execute(count.where(_comments.deployment_id == deployment_id))).scalar_one() >= MAX_COMMENTS:
        raise TooManyComments
    values = {"deployment_id": deployment_id, "user_id": actor.user_id, "body": data.body}
    comment_id: int = (
        await session.execute(insert(DeploymentComment.__table__).values(values).returning(_comments.id))
    ).scalar_one()
    await emit(session, actor, events.DeploymentCommented.of(deployment, comment_id=comment_id))
    await _mention(session, actor, deployment, comment_id, data.body)
    return await get_comment(session, actor, comment_id)


async def update_comment(
    session: AsyncSession, actor: Actor, deployment_id: int, comment_id: int, data: CommentUpdate
) -> CommentRead:
    """Changes the text of an own comment. Raises NotFound, Forbidden for the comment of someone else."""
    deployment, author_id = await _find(session, actor, deployment_id, comment_id)
    if author_id != actor.user_id:
        raise Forbidden(_("Only the author can edit a comment."))
    await _count_use(actor, 1)
    changed = update(DeploymentComment.__table__).where(_comments.id == comment_id, _comments.body != data.body)
    values = {"body": data.body, "edited_at": func.clock_timestamp()}
    if (await session.execute(changed.values(values).returning(_comments.id))).first() is not None:
        await emit(session, actor, events.CommentEdited.of(deployment, comment_id=comment_id))
        await _mention(session, actor, deployment, comment_id, data.body)
    return await get_comment(session, actor, comment_id)


async def delete_comment(session: AsyncSession, actor: Actor, deployment_id: int, comment_id: int) -> None:
    """Deletes an own comment, or one of anybody as a maintainer. Raises NotFound, Forbidden."""
    deployment, author_id = await _find(session, actor, deployment_id, comment_id)
    if author_id != actor.user_id:
        policy.require(actor, "comments.moderate", deployment.my_role)
    await session.execute(delete(DeploymentComment.__table__).where(_comments.id == comment_id))
    await emit(session, actor, events.CommentDeleted.of(deployment, comment_id=comment_id, author_id=author_id))


async def _find(
    session: AsyncSession, actor: Actor, deployment_id: int, comment_id: int
) -> tuple[VisibleDeployment, int | None]:
    """Locks a comment. Returns its deployment and its author."""
    deployment = await find_visible(session, actor, deployment_id)
    chosen = select(_comments.user_id).where(_comments.id == comment_id, _comments.deployment_id == deployment_id)
    row = (await session.execute(chosen.with_for_update())).first()
    if row is None:
        raise NotFound
    return deployment, row.user_id


async def _mention(
    session: AsyncSession, actor: Actor, deployment: VisibleDeployment, comment_id: int, body: str
) -> None:
    """Stores the mentions of a comment and emits an event for each new one. Nobody is notified of their own."""
    people = await store_mentions(session, deployment.project_id, comment_id, body)
    others = [person for person in people if person.id != actor.user_id]
    if others:
        await _count_use(actor, len(others))
    for person in others:
        about = {"comment_id": comment_id, "user_id": person.id, "user_name": person.display_name}
        await emit(session, actor, events.PersonMentioned.of(deployment, **about))


async def _count_use(actor: Actor, cost: int) -> None:
    await get_limits().refuse_excess("comments", f"user:{actor.user_id}", cost)
