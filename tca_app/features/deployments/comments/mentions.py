"""Mentions: which people a text names by `@username`, and whom a viewer may mention."""

import re
from collections.abc import Iterable

from sqlalchemy import Select, and_, delete, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.lists import to_reads
from tca_app.core.errors import InsufficientScope, Invalid
from tca_app.core.language.messages import _
from tca_app.features.deployments.comments.schemas import MentionRead
from tca_app.features.deployments.queries import find_visible
from tca_app.features.users.schemas import PersonRead
from tca_app.models import CommentMention, DeploymentComment, ProjectMember, User

MAX_MENTIONS = 20
OFFERED = 8
# Not in the middle of a word, an address or a path: `ana@example.com` mentions nobody.
MENTION = re.compile(r"(?<![\w@./+-])@([A-Za-z0-9]{3,50})(?![\w@])")
_users, _members = User.__table__.c, ProjectMember.__table__.c
_comments, _mentions = DeploymentComment.__table__.c, CommentMention.__table__.c
_PERSON = tuple(_users[name] for name in PersonRead.model_fields)


def names_in(body: str) -> list[str]:
    """Returns the usernames that a text mentions, each once, in its order and spelling. Raises Invalid for too many."""
    names: dict[str, str] = {}
    for name in MENTION.findall(body):
        names.setdefault(name.lower(), name)
    if len(names) > MAX_MENTIONS:
        raise Invalid.at("body", _("Mention at most {max_mentions} people.", max_mentions=MAX_MENTIONS))
    return list(names.values())


def _active() -> Select[tuple[object, ...]]:
    return select(*_PERSON).where(_users.is_active, _users.deleted_at.is_(None), _users.kind == "person")


async def store_mentions(session: AsyncSession, project_id: int, comment_id: int, body: str) -> list[PersonRead]:
    """Stores whom the text mentions now, in place of what was stored. Returns the people whom it did not before.

    Only people who may see the project can be mentioned; other names are ordinary text.
    """
    names = {name.lower(): name for name in names_in(body)}
    is_member = exists().where(_members.project_id == project_id, _members.user_id == _users.id)
    found = _active().where(func.lower(_users.username).in_(names), or_(is_member, _users.is_superuser))
    people = to_reads(PersonRead, await session.execute(found.order_by(_users.id)))
    of_comment = _mentions.comment_id == comment_id
    known = set((await session.execute(select(_mentions.user_id).where(of_comment))).scalars())
    await session.execute(delete(CommentMention.__table__).where(of_comment))
    if people:
        rows = [
            {"comment_id": comment_id, "user_id": person.id, "username": names[person.username.lower()]}
            for person in people
        ]
        await session.execute(insert(CommentMention.__table__).values(rows))
    return [person for person in people if person.id not in known]


async def mentions_of(session: AsyncSession, comment_ids: Iterable[int]) -> dict[int, list[MentionRead]]:
    """Returns the mentions of comments, by comment."""
    rows = select(_mentions.comment_id, _mentions.username.label("written"), *_PERSON)
    rows = rows.join(User.__table__, _users.id == _mentions.user_id).where(_mentions.comment_id.in_(comment_ids))
    found: dict[int, list[MentionRead]] = {}
    for row in await session.execute(rows.order_by(_mentions.comment_id, _users.id)):
        mention = MentionRead(username=row.written, person=PersonRead.model_validate(row))
        found.setdefault(row.comment_id, []).append(mention)
    return found


async def search_mentionable(session: AsyncSession, actor: Actor, deployment_id: int, search: str) -> list[PersonRead]:
    """Returns up to 8 people to mention: of the project's team, and those who commented on this deployment."""
    row = await find_visible(session, actor, deployment_id)
    if not actor.may_pick_people:
        raise InsufficientScope.of("write")
    is_member = exists().where(_members.project_id == row.project_id, _members.user_id == _users.id)
    took_part = exists().where(_comments.deployment_id == deployment_id, _comments.user_id == _users.id)
    people = _active().where(or_(is_member, and_(took_part, _users.is_superuser)))
    if search:
        shown = func.fold_text(literal(" ") + _users.username + literal(" ") + _users.full_name)
        people = people.where(func.strpos(shown, func.fold_text(literal(" ") + literal(search))) > 0)
    people = people.order_by(func.lower(_users.username), _users.id).limit(OFFERED)
    return to_reads(PersonRead, await session.execute(people))
