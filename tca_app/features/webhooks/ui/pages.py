"""The section of webhooks, on the page of a project and on the page of instance webhooks."""

import reflex as rx

from tca_app.features.webhooks.ui.detail_pages import webhook_detail
from tca_app.features.webhooks.ui.detail_state import DeliveriesState
from tca_app.features.webhooks.ui.form_pages import webhook_dialog
from tca_app.features.webhooks.ui.state import SHOWN_ONCE, HookRow, WebhooksState
from tca_app.features.webhooks.ui.status import delivery_badge, hook_badge
from tca_app.ui import routes
from tca_app.ui.components.basic import button, icon_button, link, page_header, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.detail import secret_once
from tca_app.ui.layout.pages import page
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.view import open_link
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
    return rx.fragment(
        rx.el.div(
            rx.el.p(lead, class_name="muted grow"),
            rx.cond(
                as_var(state.hooks).length() > 0,
                rx.fragment(
                    download_link(f"{routes.API_WEBHOOKS}/export.csv", state.export_query),
                    button(t("New webhook"), kind="primary", icon="plus", on_click=state.open_create()),
                ),
            ),
            class_name="table-tools section-lead",
        ),
        rx.el.div(
            rx.cond(
                as_var(state.hooks).length() > 0,
                _table(),
                empty_state(
                    t("No webhooks yet"),
                    t("A webhook sends events to your URL, signed, with automatic retries."),
                    button(t("New webhook"), kind="primary", icon="plus", on_click=state.open_create()),
                    icon="webhook",
                ),
            ),
            class_name="table-frame",
        ),
    )


def _table() -> rx.Component:
    heads = (("URL", ""), (t("Events"), ""), (t("Status"), ""), (t("Last delivery"), ""), ("", "act"))
    return plain_table(t("Webhooks"), heads, rx.foreach(state.hooks, _row))


def _row(hook: HookRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            open_link(rx.el.span(hook["label"], class_name="truncate cell-address"), hook["link"]),
            rx.cond(hook["description"] != "", rx.el.div(hook["description"], class_name="cell-sub")),
        ),
        rx.el.td(hook["events"]),
        rx.el.td(hook_badge(hook)),
        rx.el.td(
            rx.cond(
                hook["last_at"] != "",
                rx.el.span(delivery_badge(hook["last_status"]), relative_time(hook["last_at"]), class_name="row"),
                rx.el.span(t("None yet"), class_name="muted"),
            ),
        ),
        rx.el.td(_menu(hook), class_name="act"),
        tab_index=-1,
        custom_attrs={"data-row": hook["id"]},
        key=as_var(hook["id"]).to(str),
    )


def _menu(hook: HookRow) -> rx.Component:
    hook_id = as_var(hook["id"]).to(int)
    return rx.menu.root(
        rx.menu.trigger(icon_button(t("Actions for {url}", url=hook["url"]), "ellipsis", "ghost small")),
        rx.menu.content(
            rx.menu.item(t("Edit"), on_click=state.open_edit(hook_id)),
            rx.menu.item(t("Send test"), on_click=state.send_test(hook_id)),
            rx.menu.item(t("Rotate secret"), on_click=state.ask("rotate", hook_id)),
            rx.cond(
                hook["is_active"],
                rx.menu.item(t("Disable"), on_click=state.switch(hook_id, False)),
                rx.menu.item(t("Enable"), on_click=state.switch(hook_id, True)),
            ),
            rx.menu.item(t("Delete"), on_click=state.ask("delete", hook_id), color_scheme="red"),
            align="end",
        ),
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
