"""State of the page `/admin/subscribers`: the list, and the confirmation of a removal."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import LANGUAGES, N_, _
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.subscribers import service as subscribers
from tca_app.features.subscribers.filters import SUBSCRIBERS
from tca_app.features.subscribers.policy import is_offered
from tca_app.features.subscribers.schemas import SubscriberQuery, SubscriberRead
from tca_app.ui.forms.removal import RemovalState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable


class SubscriberRow(TypedDict):
    """A line of the list."""

    id: int
    email: str
    language: str
    created_at: str


def _row(subscriber: SubscriberRead) -> SubscriberRow:
    return SubscriberRow(
        id=subscriber.id,
        email=subscriber.email,
        language=LANGUAGES[subscriber.language],
        created_at=subscriber.created_at.isoformat(),
    )


class SubscribersState(RemovalState, BulkActions, SessionState):
    """State of the list. `is_offered`: strangers can subscribe now."""

    rows: list[SubscriberRow] = []
    is_offered: bool = True

    _spec: ClassVar = SUBSCRIBERS
    _bulk: ClassVar = BulkSpec(
        "instance.manage",
        "subscriber",
        (
            BulkAction(
                "remove",
                N_("Remove"),
                N_("removed"),
                N_("They get no more mails about incidents. They can subscribe again."),
                danger=True,
            ),
        ),
        name_key="email",
    )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[SubscriberRow], int, bool]:
        values = {"skip": query.skip, "limit": query.limit, "search": printable(query.search), "sort": query.sort}
        asked = SubscriberQuery.model_validate(values | self._span(query))
        page = await subscribers.list_subscribers(session, actor, asked)
        self._offer_export(asked)
        return [_row(subscriber) for subscriber in page.items], page.total, page.capped

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        return await subscribers.remove_subscribers(session, actor, ids)

    @handler("instance.manage", supersedes=True)
    async def load(self) -> Events:
        self.is_offered = is_offered()
        return await self._load()

    @handler("instance.manage")
    async def ask_remove(self, subscriber_id: int) -> None:
        found = next((row for row in self.rows if row["id"] == subscriber_id), None)
        if found is not None:
            self._ask_to_remove(subscriber_id, found["email"])

    @handler("instance.manage")
    async def remove(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        removed = self._remove_row(subscribers.remove_subscriber, _("Subscriber removed"), SubscribersState.load)
        async for update in removed:
            yield update
