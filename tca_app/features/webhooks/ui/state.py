"""State of the webhooks of a project or of the instance, depending on the URL."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, Forbidden, NotFound
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult
from tca_app.core.urls import host_of
from tca_app.features.webhooks import bulk, service as webhooks
from tca_app.features.webhooks.filters import WEBHOOKS
from tca_app.features.webhooks.schemas import WebhookQuery, WebhookRead, WebhookUpdate, WebhookWithSecret
from tca_app.features.webhooks.ui.form_state import WebhookForm
from tca_app.features.webhooks.ui.rows import NOTHING, HookRow, hook_row, is_here, shown_webhook
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import MovedOn, RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable, record_id

SHOWN_ONCE = "shown-once"  # the field that shows a new secret
ACTS = ("rotate", "delete")
ACTIVE = {"active": True, "disabled": False}


def _is_active(value: bool) -> Callable[[Any], bool]:
    return lambda row: row.get("is_active") is value


class WebhooksState(WebhookForm, BulkActions, RecordState, SessionState):
    """State of the list, and the actions on a webhook."""

    rows: list[HookRow] = []
    shown: HookRow = NOTHING
    phase: str = ""  # "" not known yet, "list", "one", "missing", "failed"
    failure: str = ""
    is_of_project: bool = False
    list_url: str = ""
    secret_of: str = ""  # whose new secret is shown; the secret itself is never stored in a state
    asking: str = ""
    asked: HookRow = NOTHING
    is_acting: bool = False

    _record_fields: ClassVar = ("tab", "hook")
    _spec: ClassVar = WEBHOOKS
    _bulk: ClassVar = BulkSpec(
        "signed_in",
        "webhook",
        (
            BulkAction("disable", N_("Disable"), N_("disabled"), undo="enable", settled=_is_active(False)),
            BulkAction("enable", N_("Enable"), N_("enabled"), undo="disable", settled=_is_active(True)),
            BulkAction(
                "delete",
                N_("Delete"),
                N_("deleted"),
                N_("They receive no more events. Their deliveries are deleted too. This cannot be undone."),
                danger=True,
            ),
        ),
        name_key="host",
    )

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        """Loads what the URL names. A secret disappears with the page that showed it, but a filter changes no page."""
        before, is_filter = self.record_url, self._enter_url() and is_here(self)
        if self.record_url != before:
            self._hide_left_form()
            self.asking = ""
        if self.phase and not is_filter:
            self.rows, self.is_loaded, self.shown, self.phase = [], False, NOTHING, ""
            self.secret_of = ""
            self._forget_bulk()
        if not is_here(self):
            return None
        project_id = record_id(self.router_data, routes.PROJECTS)
        self.is_of_project = project_id > 0
        self.list_url = f"{routes.project(project_id)}?tab=webhooks" if project_id else routes.WEBHOOKS
        self._watch(WebhooksState.read_again, "webhooks")
        return await self._read()

    @handler("signed_in", supersedes=True)
    async def read_again(self) -> Events:
        """Reloads after a webhook changed or something was sent."""
        return await self._read() if is_here(self) else None

    async def _read(self) -> Events:
        wanted, project_id, actor = shown_webhook(self), self._project_id(), self._as_actor()
        try:
            async with reading() as session:
                if wanted:
                    self._show_one(await webhooks.get_webhook(session, actor, wanted), project_id)
                    return None
                await webhooks.require_scope(session, actor, project_id)
        except (Forbidden, NotFound):
            self.rows, self.shown, self.phase = [], NOTHING, "missing"
            return None
        except AppError as error:
            self.rows, self.phase, self.failure = [], "failed", error.detail
            return None
        self.shown, self.phase = NOTHING, "list"
        return await self._load()

    def _project_id(self) -> int | None:
        return record_id(self.router_data, routes.PROJECTS) or None

    def _show_one(self, hook: WebhookRead, project_id: int | None) -> None:
        """Shows one webhook. Raises NotFound for one of another project. A reload sends only the differences."""
        if hook.project_id != project_id:
            raise NotFound
        for name, value in (("shown", hook_row(hook)), ("phase", "one")):
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _asked(self, query: TableQuery) -> WebhookQuery:
        status = query.chosen["status"]
        return WebhookQuery.model_validate(
            {
                "project_id": self._project_id(),
                "search": printable(query.search),
                "is_active": ACTIVE[status[0]] if len(status) == 1 else None,
                "last_status": query.chosen["last"],
                "sort": query.sort,
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[HookRow], int, bool]:
        asked = self._asked(query)
        found = await webhooks.list_webhooks(session, actor, asked)
        self._offer_export(asked)
        page = found[query.skip : query.skip + query.limit]
        return [hook_row(hook) for hook in page], len(found), False

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        if action == "delete":
            return await bulk.delete_webhooks(session, actor, ids)
        return await bulk.switch_webhooks(session, actor, ids, is_active=action == "enable")

    def _reload(self) -> Events:
        return WebhooksState.read_again

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await webhooks.count_webhooks(session, actor, self._asked(query), key)

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
        host = host_of(hook.url)
        done = _("Webhook to {host} enabled", host=host) if is_active else _("Webhook to {host} disabled", host=host)
        self._toast(done, undo=WebhooksState.switch(webhook_id, not is_active))
        return WebhooksState.read_again

    @handler("signed_in")
    async def ask(self, action: str, webhook_id: int) -> None:
        """Opens the confirmation of an action."""
        self._require_shown(webhook_id)
        found = next((row for row in (*self.rows, self.shown) if row["id"] == webhook_id), None)
        if action in ACTS and found is not None:
            self.asking, self.asked = action, found
            self._note_dialog("asking")

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
        self._require_url()
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
        self._require_url()
        self.is_acting = True
        yield
        async with self._confirmed() as session:
            await webhooks.delete_webhook(session, self._as_actor(), self.asked["id"])
        self._toast(_("Webhook to {host} deleted", host=self.asked["host"]))
        yield rx.redirect(self.list_url) if shown_webhook(self) else WebhooksState.read_again
