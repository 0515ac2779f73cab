"""State of the webhooks of a project or of the instance, depending on the URL."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, Forbidden, NotFound
from tca_app.core.language.messages import _, ngettext
from tca_app.core.urls import host_of
from tca_app.features.activity.type_labels import type_label
from tca_app.features.webhooks import service as webhooks
from tca_app.features.webhooks.schemas import WebhookQuery, WebhookRead, WebhookUpdate, WebhookWithSecret
from tca_app.features.webhooks.ui.form_state import WebhookForm
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import MovedOn, RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import number_in, page_path, page_url, query_param, record_id

SHOWN_ONCE = "shown-once"  # the field that shows a new secret
ACTS = ("rotate", "delete")


class HookRow(TypedDict):
    """A webhook in the list. Times are ISO 8601, or ""; `label` is the URL as the list shows it."""

    id: int
    url: str
    host: str
    label: str
    description: str
    link: str
    events: str
    event_names: list[str]
    is_active: bool
    why_off: str
    failures: int
    old_signature_until: str
    last_status: str
    last_at: str
    created_by: str
    created_at: str
    version: int


NOTHING = HookRow(
    id=0,
    url="",
    host="",
    label="",
    description="",
    link="",
    events="",
    event_names=[],
    is_active=False,
    why_off="",
    failures=0,
    old_signature_until="",
    last_status="",
    last_at="",
    created_by="",
    created_at="",
    version=0,
)


def shown_webhook(state: rx.State) -> int:
    """Returns the webhook id in the query of the URL, or 0: the URL may be typed by hand."""
    return number_in(query_param(state.router_data, "hook"))


def is_here(state: rx.State) -> bool:
    """Returns whether the current page shows webhooks."""
    if record_id(state.router_data, routes.PROJECTS):
        return query_param(state.router_data, "tab") == "webhooks"
    return page_path(state.router_data) == routes.WEBHOOKS


class WebhooksState(WebhookForm, RecordState, SessionState):
    """State of the list, and the actions on a webhook."""

    hooks: list[HookRow] = []
    shown: HookRow = NOTHING
    phase: str = ""  # "" not known yet, "list", "one", "missing", "failed"
    failure: str = ""
    is_of_project: bool = False
    list_url: str = ""
    export_query: str = ""
    secret_of: str = ""  # whose new secret is shown; the secret itself is never stored in a state
    asking: str = ""
    asked: HookRow = NOTHING
    is_acting: bool = False

    _record_fields: ClassVar = ("hook",)
    _loaded_url: str = ""

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads what the URL names. A secret disappears with the page that showed it, but a filter changes no page."""
        is_filter = self._is_filter()
        if self.phase and not is_filter:
            self.hooks, self.shown, self.phase = [], NOTHING, ""
            self.secret_of, self.asking = "", ""
            self._hide_form()
        if not is_here(self):
            return
        project_id = record_id(self.router_data, routes.PROJECTS)
        self.is_of_project = project_id > 0
        self.list_url = f"{routes.project(project_id)}?tab=webhooks" if project_id else routes.WEBHOOKS
        self.export_query = f"project_id={project_id}" if project_id else ""
        self._watch(WebhooksState.read_again, "webhooks")
        await self._read()

    def _is_filter(self) -> bool:
        """Whether only the filters of the deliveries changed in the URL. A reload changes none."""
        is_other, url, before = self._enter_record(), page_url(self.router_data), self._loaded_url
        self._loaded_url = url
        return not is_other and url != before and is_here(self) and shown_webhook(self) > 0

    @handler("signed_in", supersedes=True)
    async def read_again(self) -> None:
        """Reloads after a webhook changed or something was sent."""
        if is_here(self):
            await self._read()

    async def _read(self) -> None:
        query = WebhookQuery(project_id=record_id(self.router_data, routes.PROJECTS) or None)
        try:
            async with reading() as session:
                found = await webhooks.list_webhooks(session, self._as_actor(), query)
        except (Forbidden, NotFound):
            self.hooks, self.shown, self.phase = [], NOTHING, "missing"
            return
        except AppError as error:
            self.hooks, self.phase, self.failure = [], "failed", error.detail
            return
        rows, wanted = [_row(hook) for hook in found], shown_webhook(self)
        shown = next((row for row in rows if row["id"] == wanted), NOTHING)
        phase = "list" if not wanted else "one" if shown["id"] else "missing"
        # A reload for someone else's change sends only the differences.
        for name, value in (("hooks", rows), ("shown", shown), ("phase", phase)):
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _require_shown(self, webhook_id: int) -> None:
        """Raises MovedOn when the tab shows another webhook by now. The list always passes."""
        if shown_webhook(self) not in (0, webhook_id):
            raise MovedOn

    def _created(self, made: WebhookWithSecret) -> list[Any]:
        return [WebhooksState.read_again, *self._show_secret(made)]

    def _saved(self) -> Events:
        return WebhooksState.read_again

    def _show_secret(self, made: WebhookWithSecret) -> list[Any]:
        """Writes the secret directly into the page's field: with several replicas, states are stored in Redis."""
        if made.secret is None:  # the form was sent twice: the first response showed it
            return []
        self.secret_of = host_of(made.url)
        return [rx.set_value(SHOWN_ONCE, made.secret)]

    @handler("signed_in")
    async def hide_secret(self) -> Events:
        self.secret_of = ""
        return rx.set_value(SHOWN_ONCE, "")

    @handler("signed_in")
    async def send_test(self, webhook_id: int) -> None:
        self._require_shown(webhook_id)
        async with transaction() as session:
            await webhooks.send_test(session, self._as_actor(), webhook_id)
        self._toast(_("Test queued. Its delivery shows the result."))

    @handler("signed_in")
    async def switch(self, webhook_id: int, is_active: bool) -> Events:
        self._require_shown(webhook_id)
        async with transaction() as session:
            data = WebhookUpdate(is_active=is_active)
            hook = await webhooks.update_webhook(session, self._as_actor(), webhook_id, data)
        self._toast(_("Webhook to {url} {value}", url=host_of(hook.url), value="enabled" if is_active else "disabled"))
        return WebhooksState.read_again

    @handler("signed_in")
    async def ask(self, action: str, webhook_id: int) -> None:
        """Opens the confirmation of an action."""
        self._require_shown(webhook_id)
        found = next((row for row in self.hooks if row["id"] == webhook_id), None)
        if action in ACTS and found is not None:
            self.asking, self.asked = action, found

    @handler("signed_in")
    async def cancel(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @asynccontextmanager
    async def _confirmed(self) -> AsyncIterator[Session]:
        """A transaction for the confirmed action. The dialog closes at its end."""
        try:
            async with transaction() as session:
                yield session
        finally:
            self.is_acting, self.asking = False, ""

    @handler("signed_in")
    async def rotate(self) -> AsyncGenerator[Any, None]:
        if self.asking != "rotate":
            return
        self._require_record(self.asked["id"], self.asked["id"])
        self.is_acting = True
        yield
        async with self._confirmed() as session:
            made = await webhooks.rotate_secret(session, self._as_actor(), self.asked["id"])
        yield WebhooksState.read_again
        yield self._show_secret(made)

    @handler("signed_in")
    async def delete(self) -> AsyncGenerator[Any, None]:
        if self.asking != "delete":
            return
        self._require_record(self.asked["id"], self.asked["id"])
        self.is_acting = True
        yield
        async with self._confirmed() as session:
            await webhooks.delete_webhook(session, self._as_actor(), self.asked["id"])
        self._toast(_("Webhook to {host} deleted", host=self.asked["host"]))
        yield rx.redirect(self.list_url) if shown_webhook(self) else WebhooksState.read_again


def _row(hook: WebhookRead) -> HookRow:
    count = len(hook.event_types)
    return HookRow(
        id=hook.id,
        url=hook.url,
        host=host_of(hook.url),
        label=hook.url.removeprefix("https://"),
        description=hook.description,
        link=routes.webhook(hook.project_id, hook.id),
        events=ngettext("{count} event", "{count} events", count) if count else _("All events"),
        event_names=[_(type_label(name)) for name in hook.event_types],
        is_active=hook.is_active,
        why_off=hook.disabled_why,
        failures=hook.failures,
        old_signature_until=hook.old_signature_until.isoformat() if hook.old_signature_until else "",
        last_status=hook.last_status or "",
        last_at=hook.last_at.isoformat() if hook.last_at else "",
        created_by=hook.created_by,
        created_at=hook.created_at.isoformat(),
        version=hook.version,
    )
