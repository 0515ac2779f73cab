"""Queries for webhooks, of one project or of the whole instance, and for their deliveries."""

from collections import Counter

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, case, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.days import in_days
from tca_app.core.database.pagination import contains
from tca_app.core.database.sorting import order_by
from tca_app.core.display_name import display_name_sql
from tca_app.core.errors import NotFound
from tca_app.core.facets import Facets, facets_of
from tca_app.features.projects import queries as projects
from tca_app.features.webhooks import policy
from tca_app.features.webhooks.schemas import DeliveryDetail, WebhookQuery, WebhookRead
from tca_app.models import Project, ProjectMember, User, Webhook, WebhookDelivery

HOOKS = Webhook.__table__
_hooks = HOOKS.c
_deliveries = WebhookDelivery.__table__.c
_me = ProjectMember.__table__.alias("me")
_maker = User.__table__.alias("maker")
_PLAIN = (
    "id",
    "project_id",
    "url",
    "description",
    "event_types",
    "is_active",
    "failures",
    "disabled_at",
    "disabled_why",
    "created_by_id",
    "version",
    "created_at",
    "updated_at",
)


def _name(person: FromClause) -> ColumnElement[str]:
    return func.coalesce(display_name_sql(person.c), "")


_last = (
    select(_deliveries.status, _deliveries.at)
    .where(_deliveries.webhook_id == _hooks.id)
    .order_by(_deliveries.id.desc())
    .limit(1)
    .lateral("last")
)
# The webhooks of a project in the trash are hidden.
_exists = or_(_hooks.project_id.is_(None), Project.__table__.c.deleted_at.is_(None))
_READ = (
    select(
        *(_hooks[name] for name in _PLAIN),
        case((_hooks.old_secret_until > func.now(), _hooks.old_secret_until)).label("old_signature_until"),
        _last.c.status.label("last_status"),
        _last.c.at.label("last_at"),
        _name(_maker).label("created_by"),
        _me.c.role.label("my_role"),
    )
    .select_from(HOOKS)
    .outerjoin(Project.__table__, Project.__table__.c.id == _hooks.project_id)
    .outerjoin(_me, and_(_me.c.project_id == _hooks.project_id, _me.c.user_id == bindparam("actor_id")))
    .outerjoin(_maker, _maker.c.id == _hooks.created_by_id)
    .outerjoin(_last, true())
    .where(_exists)
)


_SORTS = {
    "created_at": _hooks.created_at,
    "url": func.lower(_hooks.url),
    "events": func.nullif(func.cardinality(_hooks.event_types), 0),  # 0 for all of them, which are last
    "is_active": _hooks.is_active,
    "last_at": _last.c.at,
}


async def list_webhooks(session: AsyncSession, actor: Actor, query: WebhookQuery) -> list[WebhookRead]:
    """Returns the webhooks, by default oldest first. Raises Forbidden, NotFound for a project that is not visible."""
    await require_scope(session, actor, query.project_id)
    ordered = _READ.where(*_conditions(query)).order_by(
        *order_by(_SORTS, query.sort, _hooks.id, nullable=("events", "last_at"))
    )
    return [WebhookRead.model_validate(row) for row in await session.execute(ordered, {"actor_id": actor.user_id})]


def _conditions(query: WebhookQuery) -> list[ColumnElement[bool]]:
    wanted = [_hooks.project_id.is_(None) if query.project_id is None else _hooks.project_id == query.project_id]
    if query.search:
        shown = func.fold_text(_hooks.url + literal("\n") + _hooks.description)
        wanted.append(contains(shown, query.search)[0])
    if query.is_active is not None:
        wanted.append(_hooks.is_active == query.is_active)
    if query.last_status:
        wanted.append(_last.c.status.in_(query.last_status))
    return wanted + in_days(_last.c.at, query)


async def count_webhooks(session: AsyncSession, actor: Actor, query: WebhookQuery, field: str) -> Facets:
    """Returns how many webhooks are active and disabled or, for `last`, how the last deliveries ended."""
    if field == "status":
        found = await list_webhooks(session, actor, query.model_copy(update={"is_active": None}))
        counted = Counter("active" if hook.is_active else "disabled" for hook in found)
    else:
        found = await list_webhooks(session, actor, query.model_copy(update={"last_status": []}))
        counted = Counter(hook.last_status for hook in found if hook.last_status)
    return facets_of([(value, "", count) for value, count in counted.most_common()])


async def require_scope(session: AsyncSession, actor: Actor, project_id: int | None) -> None:
    """Raises unless the actor may manage the webhooks of this project, or without one, instance webhooks."""
    if project_id is None:
        policy.require_for_all(actor)
    else:
        project = await projects.get_project(session, actor, project_id)
        policy.require(actor, project_id, project.my_role)


async def get_webhook(session: AsyncSession, actor: Actor, webhook_id: int) -> WebhookRead:
    """Returns a webhook. Raises NotFound, for non-members too, or Forbidden."""
    row = (await session.execute(_READ.where(_hooks.id == webhook_id), {"actor_id": actor.user_id})).first()
    if row is None:
        raise NotFound
    policy.require(actor, row.project_id, row.my_role)
    return WebhookRead.model_validate(row)


_DETAIL = tuple(_deliveries[name] for name in DeliveryDetail.model_fields)


async def get_delivery(session: AsyncSession, actor: Actor, webhook_id: int, delivery_id: int) -> DeliveryDetail:
    """Returns one attempt with its request."""
    await get_webhook(session, actor, webhook_id)
    one = select(*_DETAIL).where(_deliveries.webhook_id == webhook_id, _deliveries.id == delivery_id)
    row = (await session.execute(one)).first()
    if row is None:
        raise NotFound
    return DeliveryDetail.model_validate(row)
