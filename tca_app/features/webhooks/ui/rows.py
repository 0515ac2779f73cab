"""A webhook in the list, and which one the URL names."""

from typing import TypedDict

import reflex as rx

from tca_app.core.language.messages import _, ngettext
from tca_app.core.urls import host_of
from tca_app.features.activity.type_labels import type_label
from tca_app.features.webhooks.schemas import WebhookRead
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.url import number_in, page_path, query_param, record_id


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
    face: Face
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
    face=face_of(""),
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


def hook_row(hook: WebhookRead) -> HookRow:
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
        face=face_of(hook.created_by, hook.created_by_id),
        created_at=hook.created_at.isoformat(),
        version=hook.version,
    )
