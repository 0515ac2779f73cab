"""Service functions for webhooks: create, update, rotate the secret, test, redeliver and delete."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tca_app.core.actor import Actor
from tca_app.core.database.concurrency import VersionedRow, changed_fields, check_version, fields_of
from tca_app.core.database.session import lock
from tca_app.core.errors import Conflict, FieldError, NotFound
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import _
from tca_app.core.outgoing.ssrf_safe import ForbiddenAddress, target_of
from tca_app.core.urls import host_of
from tca_app.features.auth.step_up import require_recent_proof
from tca_app.features.webhooks import events, policy, signing
from tca_app.features.webhooks.queries import (
    HOOKS,
    count_webhooks as count_webhooks,
    get_delivery as get_delivery,
    get_webhook as get_webhook,
    list_webhooks as list_webhooks,
    require_scope as require_scope,
)
from tca_app.features.webhooks.schemas import Queued, WebhookCreate, WebhookRead, WebhookUpdate, WebhookWithSecret
from tca_app.models import Project, ProjectMember, Webhook
from tca_app.models.user import changed_by

MAX_WEBHOOKS = 20  # per project, and for instance webhooks: each event is sent to all of them
OLD_SECRET_LIFE = timedelta(hours=24)
_hooks = HOOKS.c


class _LockedWebhook(VersionedRow, Protocol):
    """A row of `_LOCKED`."""

    id: int
    project_id: int | None
    url: str
    is_active: bool
    secret: bytes
    my_role: str | None


class UrlRefused(Conflict):
    """The URL is well formed, but leads to a host that the console does not call (409, like UnknownPerson)."""

    code = "address_refused"

    @classmethod
    def because(cls, refusal: ForbiddenAddress) -> "UrlRefused":
        return cls(str(refusal), errors=[FieldError("/url", str(refusal))])


async def create_webhook(session: AsyncSession, actor: Actor, data: WebhookCreate) -> WebhookWithSecret:
    """Creates a webhook with a new secret. Raises UrlRefused, Conflict (too many), Forbidden, NotFound."""
    await require_scope(session, actor, data.project_id)
    _refuse_url(data.url)
    await lock(session, f"webhooks:{data.project_id}")
    mine = _hooks.project_id.is_(None) if data.project_id is None else _hooks.project_id == data.project_id
    if (await session.execute(select(func.count()).where(mine))).scalar_one() >= MAX_WEBHOOKS:
        raise Conflict(_("There are {max_webhooks} webhooks already. Delete one first.", max_webhooks=MAX_WEBHOOKS))
    secret = signing.new_secret()
    values = data.model_dump() | {
        "secret": signing.sealed(secret),
        "created_by_id": actor.user_id,
        "updated_by_id": actor.user_id,
    }
    hook_id = (await session.execute(insert(HOOKS).values(values).returning(_hooks.id))).scalar_one()
    made = await get_webhook(session, actor, hook_id)
    await emit(
        session, actor, events.WebhookCreated.of(made, after=_recorded(made, ("url", "description", "event_types")))
    )
    return WebhookWithSecret(**made.model_dump(), secret=secret)


def _refuse_url(url: str) -> None:
    """Raises UrlRefused for what the URL alone shows. Its host name is resolved and checked at each delivery."""
    try:
        target_of(url)
    except ForbiddenAddress as refusal:
        raise UrlRefused.because(refusal) from None


def _recorded(row: _LockedWebhook | WebhookRead, names: Iterable[str]) -> dict[str, Any]:
    """Returns the fields that an event records: of the URL only the host."""
    values = fields_of(row, names)
    return values | ({"url": host_of(values["url"])} if "url" in values else {})


_me = ProjectMember.__table__.alias("me")
_projects = Project.__table__.c
_LOCKED = (
    select(HOOKS, _me.c.role.label("my_role"), *changed_by(HOOKS))
    .select_from(HOOKS)
    .outerjoin(Project.__table__, _projects.id == _hooks.project_id)
    .outerjoin(_me, and_(_me.c.project_id == _hooks.project_id, _me.c.user_id == bindparam("actor_id")))
    .where(_hooks.id == bindparam("webhook_id"), or_(_hooks.project_id.is_(None), _projects.deleted_at.is_(None)))
    .with_for_update(of=HOOKS, key_share=True)
)


async def _find(session: AsyncSession, actor: Actor, webhook_id: int) -> _LockedWebhook:
    """Returns a webhook that the actor may manage and locks it. Raises NotFound, Forbidden."""
    row = (await session.execute(_LOCKED, {"webhook_id": webhook_id, "actor_id": actor.user_id})).first()
    if row is None:
        raise NotFound
    policy.require(actor, row.project_id, row.my_role)
    return row


async def update_webhook(
    session: AsyncSession, actor: Actor, webhook_id: int, data: WebhookUpdate, if_version: int | None = None
) -> WebhookRead:
    """Updates the given fields. Raises UrlRefused, Stale."""
    row = await _find(session, actor, webhook_id)
    given = data.given()
    check_version(row, given, if_version)
    changed = changed_fields(row, given)
    if "url" in changed:
        _refuse_url(changed["url"])
    if not changed:
        return await get_webhook(session, actor, webhook_id)
    fresh = {"failures": 0, "disabled_at": None, "disabled_why": ""} if "is_active" in changed else {}
    after = await _store(session, actor, row, changed | fresh)
    fields = {"before": _recorded(row, changed), "after": _recorded(after, changed)}
    await emit(session, actor, events.WebhookUpdated.of(after, **fields))
    return after


async def _store(session: AsyncSession, actor: Actor, row: _LockedWebhook, values: dict[str, Any]) -> WebhookRead:
    own = {"version": _hooks.version + 1, "updated_by_id": actor.user_id, "updated_at": func.clock_timestamp()}
    await session.execute(update(HOOKS).where(_hooks.id == row.id).values(**values, **own))
    return await get_webhook(session, actor, row.id)


async def delete_webhook(session: AsyncSession, actor: Actor, webhook_id: int, if_version: int | None = None) -> None:
    """Deletes a webhook with its deliveries. Waiting deliveries are dropped."""
    row = await _find(session, actor, webhook_id)
    check_version(row, {}, if_version)
    await session.execute(delete(Webhook).where(_hooks.id == row.id))
    await emit(session, actor, events.WebhookDeleted.of(row))


async def rotate_secret(session: AsyncSession, actor: Actor, webhook_id: int) -> WebhookWithSecret:
    """Generates a new secret. The previous one signs too for 24 hours, so that the receiver can switch."""
    row = await _find(session, actor, webhook_id)
    await require_recent_proof(session, actor)
    secret, until = signing.new_secret(), func.now() + OLD_SECRET_LIFE
    values = {"secret": signing.sealed(secret), "old_secret": row.secret, "old_secret_until": until}
    after = await _store(session, actor, row, values)
    await emit(session, actor, events.WebhookUpdated.of(after, after={"signing_key": "a new one"}))
    return WebhookWithSecret(**after.model_dump(), secret=secret)


async def send_test(session: AsyncSession, actor: Actor, webhook_id: int) -> Queued:
    """Sends a ping without retries, even if the webhook is disabled. It counts neither as success nor as failure."""
    row = await _find(session, actor, webhook_id)
    message = signing.ping_id()
    await enqueue(session, "deliver_webhook", webhook_id=row.id, message_id=message)
    return Queued(message_id=message)


async def redeliver(session: AsyncSession, actor: Actor, webhook_id: int, delivery_id: int) -> Queued:
    """Sends the same request again with the same id. Raises Conflict while the webhook is disabled."""
    row = await _find(session, actor, webhook_id)
    delivery = await get_delivery(session, actor, webhook_id, delivery_id)
    if delivery.event_id is not None and not row.is_active:
        raise Conflict(_("This webhook is disabled. Enable it first."))
    about = {} if delivery.event_id is None else {"event_id": delivery.event_id}
    await enqueue(session, "deliver_webhook", webhook_id=row.id, message_id=delivery.message_id, **about)
    return Queued(message_id=delivery.message_id)
