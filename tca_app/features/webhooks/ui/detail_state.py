"""State of the delivery log of one webhook."""

import json
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import Forbidden, NotFound
from tca_app.core.events.log import CATALOGUE
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _, ngettext
from tca_app.core.lists.bulk import BulkResult
from tca_app.core.lists.query import Choice, TableQuery
from tca_app.core.region.formats import number
from tca_app.features.activity.type_labels import type_label
from tca_app.features.webhooks import service as webhooks
from tca_app.features.webhooks.bulk import redeliver_many
from tca_app.features.webhooks.deliveries import all_deliveries, count_deliveries, list_deliveries
from tca_app.features.webhooks.filters import DELIVERIES
from tca_app.features.webhooks.schemas import DeliveryDetail, DeliveryQuery, DeliveryRead
from tca_app.features.webhooks.ui.rows import is_here, shown_webhook
from tca_app.ui.components.loading import LoadState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import MAX_EVERYTHING, BulkAction, BulkRows, BulkSpec
from tca_app.ui.table.filter_state import FilterState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.table.preferences import PreferenceState
from tca_app.ui.url import printable, query_of

BATCH = 25
MOST = 100


class DeliveryRow(TypedDict):
    """One attempt. `answer` is in words: "200" or "No response"."""

    id: int
    message_id: str
    event: str
    status: str
    attempt: int
    answer: str
    at: str
    took: str


class Sent(TypedDict):
    """The request of an attempt, and the facts of its response."""

    message_id: str
    url: str
    headers: str
    body: str
    code: str
    content_type: str
    size: str
    took: str
    error: str


NOTHING = Sent(message_id="", url="", headers="", body="", code="", content_type="", size="", took="", error="")


class DeliveriesState(BulkRows, LoadState, OrderState, FilterState, PreferenceState, RecordState, SessionState):
    """State of the deliveries of the webhook that the URL names."""

    rows: list[DeliveryRow] = []
    is_loaded: bool = False
    open_id: int = 0
    sent: Sent = NOTHING
    search: str = ""
    export_query: str = ""

    _record_fields: ClassVar = ("hook",)
    _spec: ClassVar = DELIVERIES
    _order: ClassVar = Order.of("sort", DeliveryQuery)
    _bulk: ClassVar = BulkSpec(
        "signed_in",
        "delivery",
        (
            BulkAction(
                "redeliver",
                N_("Redeliver"),
                N_("queued"),
                N_("Each request is sent again once, with the same id."),
            ),
        ),
        name_key="event",
    )
    _of: int = 0

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        webhook_id = shown_webhook(self) if is_here(self) else 0
        if self._enter_record():
            self._forget()
        self._of = webhook_id
        if webhook_id:
            self._watch(DeliveriesState.load, f"webhooks:{webhook_id}")
            shown = self._filter_query()
            self.search = shown.search
            self._sorted()
            with self._loading():
                async with reading() as session:
                    await self._read_preference(session)
                    await self._keep_filters(session, shown)
                asked = query_of(self._asked(BATCH), "limit")
                if asked != self.export_query:
                    self.export_query = asked
                    self._forget_bulk()
                await self._read(max(BATCH, len(self.rows)))

    def _asked(self, limit: int) -> DeliveryQuery:
        """Returns the filters in the URL, without types that do not exist: it may have been typed by hand."""
        query = self._filter_query()
        known = {*CATALOGUE, "ping"}
        return DeliveryQuery.model_validate(
            {
                "search": printable(query.search),
                "status": query.chosen["status"],
                "event_type": [name for name in query.chosen["type"] if name in known],
                "sort": query.sort,
                "limit": min(limit, MOST),
                **self._span(query),
            }
        )

    @rx.var
    def has_more(self) -> bool:
        return len(self.rows) < min(self.total, MOST)

    @rx.var
    def cut_text(self) -> str:
        """Says that the list ends before its last line, or ""."""
        if len(self.rows) < MOST or self.total <= MOST:
            return ""
        return _(
            "{shown} of {total} are shown. Search and filters find the others, and the CSV file has all.",
            shown=number(MOST),
            total=number(self.total),
        )

    @rx.var
    def is_filtered(self) -> bool:
        return bool(self.search or self.chips)

    async def _labels(self, session: Session, choice: Choice, values: tuple[str, ...]) -> dict[str, str]:
        if choice.key == "type":
            return {value: _(type_label(value)) for value in values}
        return await FilterState._labels(self, session, choice, values)

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        if key == "status":
            return await count_deliveries(session, actor, self._of, self._asked(BATCH), "status")
        counted = await count_deliveries(session, actor, self._of, self._asked(BATCH), "event_type")
        named = [facet.model_copy(update={"label": _(type_label(facet.value))}) for facet in counted.values]
        return counted.model_copy(update={"values": named})

    def _forget(self) -> None:
        self.rows, self.total, self.is_loaded = [], 0, False
        self._forget_bulk()
        self.open_id, self.sent = 0, NOTHING

    async def _read(self, limit: int) -> None:
        """Loads the deliveries. The page reports a missing webhook itself."""
        try:
            async with reading() as session:
                page = await list_deliveries(session, self._as_actor(), self._of, self._asked(limit))
        except (Forbidden, NotFound):
            self._forget()
            return
        rows = [_row(delivery) for delivery in page.items]
        if self.rows != rows:
            self.rows = rows
            self._keep_selected(rows)
        self.total, self.is_loaded = page.total, True

    async def _everything(self) -> list[Any]:
        async with reading() as session:
            found = await all_deliveries(session, self._as_actor(), self._of, self._asked(MOST))
        return [_row(delivery) for delivery in found[:MAX_EVERYTHING]]

    async def _ask(self, key: str, asked: list[Any]) -> Events:
        """Leaves out all but one attempt at each request: several batches would send it more than once."""
        requests = {row.get("message_id", row["id"]): row for row in asked}
        return await BulkRows._ask(self, key, list(requests.values()))

    def _name_of(self, row: Any) -> str:
        return f"{row['event']} {row['id']}"

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        self._require_url()
        return await redeliver_many(session, actor, self._of, ids)

    @handler("signed_in", supersedes=True)
    async def more(self, webhook_id: int) -> None:
        self._require_record(webhook_id, self._of)
        await self._read(len(self.rows) + BATCH)

    @handler("signed_in", supersedes=True)
    async def toggle(self, webhook_id: int, delivery_id: int) -> None:
        """Expands a delivery, or collapses the open one."""
        self._require_record(webhook_id, self._of)
        if delivery_id == self.open_id:
            self.open_id, self.sent = 0, NOTHING
            return
        async with reading() as session:
            found = await webhooks.get_delivery(session, self._as_actor(), webhook_id, delivery_id)
        self.open_id, self.sent = delivery_id, _sent(found)

    @handler("signed_in")
    async def redeliver(self, webhook_id: int, delivery_id: int) -> None:
        self._require_record(webhook_id, self._of)
        async with transaction() as session:
            await webhooks.redeliver(session, self._as_actor(), webhook_id, delivery_id)
        self._toast(_("Redelivery queued with the same id"))


def _row(delivery: DeliveryRead) -> DeliveryRow:
    return DeliveryRow(
        id=delivery.id,
        message_id=delivery.message_id,
        event=_(type_label(delivery.event_type)),
        status=delivery.status,
        attempt=delivery.attempt,
        answer=str(delivery.response_code or _("No response")),
        at=delivery.at.isoformat(),
        took=_took(delivery),
    )


def _took(delivery: DeliveryRead) -> str:
    return _("{duration_ms} ms", duration_ms=delivery.duration_ms)


def _sent(delivery: DeliveryDetail) -> Sent:
    return Sent(
        message_id=delivery.message_id,
        url=delivery.url,
        headers="\n".join(f"{name}: {value}" for name, value in delivery.request_headers.items()),
        body=_pretty(delivery.request_body),
        code=str(delivery.response_code or ""),
        content_type=delivery.response_type,
        size=ngettext("{count} byte", "{count} bytes", delivery.response_size) if delivery.response_code else "",
        took=_took(delivery),
        error=delivery.error,
    )


def _pretty(body: str) -> str:
    parsed: Any = json.loads(body)
    return json.dumps(parsed, indent=2, ensure_ascii=False)
