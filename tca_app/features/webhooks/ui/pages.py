"""The section of webhooks, on the page of a project and on the page of instance webhooks."""

import reflex as rx

from tca_app.features.webhooks.ui.detail_pages import webhook_detail
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tca_app.features.webhooks.ui.form_pages import webhook_dialog
from tca_app.features.webhooks.ui.rows import HookRow
from tca_app.features.webhooks.ui.state import SHOWN_ONCE, WebhooksState
from tca_app.features.webhooks.ui.status import delivery_badge, hook_badge
from tca_app.ui import routes
from tca_app.ui.components.basic import button, link, page_header, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.detail import secret_once
from tca_app.ui.layout.pages import page
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table, open_link
from tca_app.ui.var import as_var

state = WebhooksState


@page(
    routes.WEBHOOKS,
    t("Webhooks"),
    permission="webhooks.manage",
    on_load=(WebhooksState.load, DeliveriesState.load),
)
def webhooks_page() -> rx.Component:
    return rx.fragment(
        page_header(t("Webhooks"), t("Sends every event to an external URL. Projects have their own webhooks.")),
        webhooks_section(t("Events about users, projects and jobs are sent to these URLs.")),
    )


def webhooks_section(lead: str) -> rx.Component:
    """The list or, when the URL names a webhook, that webhook with its deliveries."""
    return rx.el.div(
        _secret(),
        rx.match(
            rx.cond(is_at_its_url(state), state.phase, ""),
            ("list", _list(lead)),
            ("one", webhook_detail()),
            ("missing", _missing()),
            ("failed", error_state(state.failure, state.load)),
            skeleton_lines(4),
        ),
        webhook_dialog(state),
        _rotate_dialog(),
        _delete_dialog(),
        class_name="stack",
    )


def _missing() -> rx.Component:
    return empty_state(
        t("This webhook does not exist"),
        t("It was deleted, or you do not have access."),
        link(t("All webhooks"), to=state.list_url, class_name="btn"),
        icon="search-x",
    )


def _secret() -> rx.Component:
    return secret_once(
        SHOWN_ONCE,
        rx.el.h2(t("The secret of {secret_of}", secret_of=rx.el.strong(state.secret_of))),
        rx.el.p(
            t(
                "Copy it now: it is not shown again. The receiver uses it to verify "
                "that a request comes from this console."
            )
        ),
        hidden=~is_at_its_url(state) | (state.secret_of == ""),
        on_done=state.hide_secret(),
    )


def _list(lead: str) -> rx.Component:
    new = button(t("New webhook"), kind="primary", icon="plus", on_click=state.open_create())
    is_started = (as_var(state.rows).length() > 0) | state.is_filtered
    return rx.fragment(
        rx.el.p(lead, class_name="muted"),
        data_table(
            state,
            columns=COLUMNS,
            label=t("Webhooks"),
            search_label=t("Search webhooks"),
            row_name=lambda hook: hook["url"],
            actions=ACTIONS,
            empty=empty_state(
                t("No webhooks yet"),
                t("A webhook sends events to your URL, signed, with automatic retries."),
                new,
                icon="webhook",
            ),
            tools=(
                download_link(f"{routes.API_WEBHOOKS}/export.csv", state.export_query),
                rx.cond(is_started, new),
            ),
        ),
    )


def _url(hook: HookRow) -> rx.Component:
    return rx.el.div(
        open_link(hook["label"], hook["link"]),
        rx.cond(hook["description"] != "", cut(hook["description"], "cell-sub")),
    )


def _last(hook: HookRow) -> rx.Component:
    return rx.cond(
        hook["last_at"] != "",
        rx.el.span(delivery_badge(hook["last_status"]), relative_time(hook["last_at"]), class_name="row"),
        rx.el.span(t("None yet"), class_name="muted"),
    )


COLUMNS = (
    Column("url", "URL", cell=_url, sortable=True, wide=60),
    Column("events", t("Events"), cell=lambda row: rx.el.span(row["events"], class_name="nowrap"), sortable=True),
    Column("is_active", t("Status"), cell=hook_badge, sortable=True),
    Column("last_at", t("Last delivery"), cell=_last, sortable=True),
)
ACTIONS = (
    RowAction(t("Edit"), lambda hook: state.open_edit(hook["id"]), key="e"),
    RowAction(t("Send test"), lambda hook: state.send_test(hook["id"])),
    RowAction(t("Rotate secret"), lambda hook: state.ask("rotate", hook["id"])),
    RowAction(t("Disable"), lambda hook: state.switch(hook["id"], False), shown=lambda hook: hook["is_active"]),
    RowAction(
        t("Enable"), lambda hook: state.switch(hook["id"], True), shown=lambda hook: ~as_var(hook["is_active"]).to(bool)
    ),
    RowAction(t("Delete"), lambda hook: state.ask("delete", hook["id"]), danger=True),
)


def _rotate_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == "rotate"),
        title=rx.el.span(t("Generate secret for {host}?", host=state.asked["host"])),
        text=t("For 24 hours requests are signed with both secrets, so that the receiver can switch without a gap."),
        confirm=t("Generate secret"),
        on_confirm=state.rotate(),
        on_cancel=state.cancel(),
        busy=state.is_acting,
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == "delete"),
        title=rx.el.span(t("Delete the webhook to {host}?", host=state.asked["host"])),
        text=rx.el.span(
            t(
                "{url} receives no more events. Its deliveries are deleted too. This cannot be undone.",
                url=state.asked["url"],
            )
        ),
        confirm=t("Delete"),
        on_confirm=state.delete(),
        on_cancel=state.cancel(),
        busy=state.is_acting,
    )


PAGES = [webhooks_page]
