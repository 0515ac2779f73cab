"""Service functions for the subscribers of the public status page: subscribe, confirm, unsubscribe, list and remove.

An address counts when its owner pressed the button that the link of a mail opens. Until then it is only in the one-time
token of that link, which ends after a day.
"""

from datetime import timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tca_app.core.actor import Actor
from tca_app.core.database.csv_lines import MAX_ROWS
from tca_app.core.database.days import in_days
from tca_app.core.database.lists import to_reads
from tca_app.core.database.pagination import Page, contains, page_of
from tca_app.core.database.session import lock
from tca_app.core.database.sorting import order_by
from tca_app.core.errors import Gone, NotFound
from tca_app.core.events.log import emit
from tca_app.core.jobs.queue import enqueue
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult, for_each
from tca_app.core.security.encryption import encrypt
from tca_app.core.security.tokens import new_token, token_hash
from tca_app.features.auth import one_time_tokens
from tca_app.features.subscribers import policy
from tca_app.features.subscribers.events import StatusSubscriberRemoved
from tca_app.features.subscribers.schemas import SubscriberFilter, SubscriberQuery, SubscriberRead
from tca_app.models import OneTimeToken, StatusSubscriber

TASK = "send_status_confirmation"
PURPOSE, SEALED_FOR = "status_confirmation", "status_subscriber"
LIFE = timedelta(hours=24)
PAUSE = timedelta(minutes=2)  # between two mails to one address
MAX_SUBSCRIBERS = 20_000
COLUMNS = ("id", "email", "language", "created_at")
_SUBSCRIBERS = StatusSubscriber.__table__
_subscribers = _SUBSCRIBERS.c
_SORTS = {
    "created_at": _subscribers.created_at,
    "email": _subscribers.email,
    "language": _subscribers.language,
}


class ConfirmationExpired(Gone):
    code = "confirmation_expired"
    default = N_("This link was used already, or it is older than 24 hours.")


async def request_subscription(session: AsyncSession, email: str, language: str) -> None:
    """Queues the mail with the link. The caller gets the same answer, as quickly, for every address."""
    policy.require_offered()
    await enqueue(session, TASK, email=email, language=language)


async def new_confirmation(session: AsyncSession, email: str) -> str | None:
    """Returns a new token, or None for an address that is subscribed, or got a mail just now."""
    await lock(session, f"{PURPOSE} {email}")  # of two jobs for one address the second one sees the token of the first
    known = select(_subscribers.id).where(_subscribers.email == email)
    if (await session.execute(known)).first() is not None or await _was_sent_just_now(session, email):
        return None
    return await one_time_tokens.issue_another(session, PURPOSE, LIFE, email=email)


async def _was_sent_just_now(session: AsyncSession, email: str) -> bool:
    sent = select(col(OneTimeToken.id)).where(
        col(OneTimeToken.purpose) == PURPOSE,
        col(OneTimeToken.email) == email,
        col(OneTimeToken.created_at) > func.now() - PAUSE,
    )
    return (await session.execute(sent)).first() is not None


async def confirm(session: AsyncSession, token: str, language: str) -> None:
    """Subscribes the address of a link, for mails in this language.

    Raises ConfirmationExpired for a link that is unknown, used or expired.
    """
    policy.require_offered()
    found = await one_time_tokens.redeem(session, PURPOSE, token)
    if found is None:
        raise ConfirmationExpired
    count = (await session.execute(select(func.count()).select_from(_SUBSCRIBERS))).scalar_one()
    if count >= MAX_SUBSCRIBERS:
        raise Gone(_("This page takes no more subscribers."))
    unsubscribe = new_token()
    values = {
        "email": found.email,
        "token_hash": token_hash(unsubscribe),
        "token": encrypt(unsubscribe, SEALED_FOR),
        "language": language,
    }
    await session.execute(insert(_SUBSCRIBERS).values(values).on_conflict_do_nothing(index_elements=["email"]))


async def unsubscribe(session: AsyncSession, token: str) -> None:
    """Deletes the address whose mails have this token. Of an unknown token nobody learns that it is."""
    await session.execute(delete(_SUBSCRIBERS).where(_subscribers.token_hash == token_hash(token)))


async def list_subscribers(session: AsyncSession, actor: Actor, query: SubscriberQuery) -> Page[SubscriberRead]:
    """Returns a page of subscribers. Raises Forbidden."""
    chosen = _select(actor, query)
    rows, total, capped = await page_of(session, chosen, skip=query.skip, limit=query.limit, search=query.search)
    return Page(to_reads(SubscriberRead, rows), total, capped)


async def find_subscriber_ids(session: AsyncSession, actor: Actor, query: SubscriberFilter) -> list[int]:
    """Returns the ids of the list, at most 50,000."""
    ids = _select(actor, query).with_only_columns(_subscribers.id).limit(MAX_ROWS)
    return list((await session.execute(ids)).scalars())


async def read_subscribers(
    session: AsyncSession, actor: Actor, query: SubscriberFilter, ids: list[int]
) -> list[SubscriberRead]:
    """Returns those of the ids that are still in the list."""
    rows = await session.execute(_select(actor, query).where(_subscribers.id.in_(ids)))
    return to_reads(SubscriberRead, rows)


def _select(actor: Actor, query: SubscriberFilter) -> Select[tuple[int, str]]:
    policy.require(actor)
    chosen: Select[tuple[int, str]] = select(*(_subscribers[name] for name in COLUMNS))
    chosen = chosen.where(*in_days(_subscribers.created_at, query))
    if query.search:
        chosen = chosen.where(contains(func.fold_text(_subscribers.email), query.search)[0])
    return chosen.order_by(*order_by(_SORTS, query.sort, _subscribers.id))


async def remove_subscriber(session: AsyncSession, actor: Actor, subscriber_id: int) -> None:
    """Removes a subscriber, who may subscribe again. Raises Forbidden, NotFound."""
    policy.require(actor)
    gone = delete(_SUBSCRIBERS).where(_subscribers.id == subscriber_id).returning(_subscribers.id)
    if (await session.execute(gone)).first() is None:
        raise NotFound
    await emit(session, actor, StatusSubscriberRemoved.of(subscriber_id))


async def remove_subscribers(session: AsyncSession, actor: Actor, subscriber_ids: list[int]) -> list[BulkResult]:
    """Removes many subscribers."""
    policy.require(actor)
    return await for_each(session, subscriber_ids, lambda row_id: remove_subscriber(session, actor, row_id))
