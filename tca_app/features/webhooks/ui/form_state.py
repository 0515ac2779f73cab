"""State of the form that creates or edits a webhook, and merges when someone else saved first."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Invalid, Stale
from tca_app.core.events.log import CATALOGUE
from tca_app.core.language.messages import _
from tca_app.core.urls import host_of
from tca_app.features.activity.type_labels import type_label
from tca_app.features.idempotency import service as idempotency
from tca_app.features.webhooks import service as webhooks
from tca_app.features.webhooks.schemas import WebhookCreate, WebhookRead, WebhookUpdate, WebhookWithSecret
from tca_app.ui import routes
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.url import record_id

ALL, CHOSEN = "all", "chosen"
TICK = "on_"  # prefix of the name of an event's checkbox
NOT_IN_PROJECTS = ("user", "job", "instance", "group")  # subjects whose events belong to no project


class WebhookForm(FormState, mixin=True):
    """The form of a webhook. The state that includes it provides the methods that raise here."""

    _draft_name: ClassVar = "webhook"

    def _require_shown(self, webhook_id: int) -> None:
        raise NotImplementedError

    def _created(self, made: WebhookWithSecret) -> Events:
        raise NotImplementedError

    def _saved(self) -> Events:
        raise NotImplementedError

    @handler("signed_in")
    async def open_create(self) -> None:
        empty = {"url": "", "description": "", "which": ALL} | dict.fromkeys(self._ticks(), "")
        self._open_form("create", empty)

    def _ticks(self) -> list[str]:
        """Returns the names of the checkboxes that the form shows."""
        in_project = record_id(self.router_data, routes.PROJECTS) > 0
        return [
            TICK + name
            for name, event in sorted(CATALOGUE.items())
            if not (in_project and event.subject_type in NOT_IN_PROJECTS)
        ]

    @handler("signed_in")
    async def open_edit(self, webhook_id: int) -> None:
        self._require_shown(webhook_id)
        async with reading() as session:
            hook = await webhooks.get_webhook(session, self._as_actor(), webhook_id)
        self._open_form("edit", self._values(hook), row_id=hook.id, version=hook.version, name=host_of(hook.url))

    def _values(self, hook: WebhookRead) -> dict[str, str]:
        # Saving must keep events that a script chose and the form does not show.
        names = {*self._ticks(), *(TICK + name for name in hook.event_types)}
        ticks = {name: "on" if name.removeprefix(TICK) in hook.event_types else "" for name in sorted(names)}
        which = CHOSEN if hook.event_types else ALL
        return {"url": hook.url, "description": hook.description, "which": which} | ticks

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            given = {"url": values["url"], "description": values["description"], "event_types": _chosen(values)}
            if self.form_mode == "create":
                made = await self._create(given)
                self._close_form()
                yield self._created(made)
                return
            try:
                await self._update(given)
            except Stale as stale:
                await self._merge_with_theirs(stale)
                return
            self._close_form()
            self._toast(_("Webhook saved"))
            yield self._saved()

    async def _create(self, given: dict[str, Any]) -> WebhookWithSecret:
        project_id = record_id(self.router_data, routes.PROJECTS) or None
        actor, data = self._as_actor(), WebhookCreate(project_id=project_id, **given)
        asked = f"webhooks.create\n{data.model_dump_json()}"
        async with transaction() as session:
            return await idempotency.once(
                session,
                actor,
                self.form_key,
                asked,
                WebhookWithSecret,
                lambda: webhooks.create_webhook(session, actor, data),
                lambda made: webhooks.get_webhook(session, actor, made.id),
            )

    async def _update(self, given: dict[str, Any]) -> None:
        async with transaction() as session:
            await webhooks.update_webhook(
                session, self._as_actor(), self.form_id, WebhookUpdate(**given), self.form_version
            )

    async def _merge_with_theirs(self, stale: Stale) -> None:
        async with reading() as session:
            hook = await webhooks.get_webhook(session, self._as_actor(), self.form_id)
        theirs = {**dict.fromkeys(self._form_base, ""), **self._values(hook)}
        labels = {"url": "URL", "description": _("Description"), "which": _("Events")}
        labels |= {name: _(type_label(name.removeprefix(TICK))) for name in theirs if name.startswith(TICK)}
        self._ask_to_merge(theirs, stale, version=hook.version, labels=labels)


def _chosen(values: dict[str, str]) -> list[str]:
    """Returns the chosen event types. Raises Invalid when none is chosen."""
    if values["which"] == ALL:
        return []
    names = [name.removeprefix(TICK) for name, value in values.items() if name.startswith(TICK) and value]
    if not names:
        raise Invalid.at("which", _("Choose at least one event."))
    return names
