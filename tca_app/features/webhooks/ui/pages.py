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
from tca_app.ui.detail import secret_once
from tca_app.ui.layout.pages import page
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.view import open_link
from tca_app.ui.var import as_var

state = WebhooksState


@page(
    routes.WEBHOOKS,
    "Webhooks",
    permission="webhooks.manage",
    on_load=(WebhooksState.load, DeliveriesState.load),
)
def webhooks_page() -> rx.Component:
    return rx.fragment(
        page_header("Webhooks", "Sends every event to an external URL. Projects have their own webhooks."),
        webhooks_section("Events about users, projects and jobs are sent to these URLs."),
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
        "This webhook does not exist",
        "It was deleted, or you do not have access.",
        link("All webhooks", to=state.list_url, class_name="btn"),
        icon="search-x",
    )


def _secret() -> rx.Component:
    return secret_once(
        SHOWN_ONCE,
        rx.el.h2("The secret of ", rx.el.strong(state.secret_of)),
        rx.el.p(
            "Copy it now: it is not shown again. The receiver uses it to verify that a request comes from this console."
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
                    button("New webhook", kind="primary", icon="plus", on_click=state.open_create()),
                ),
            ),
            class_name="table-tools section-lead",
        ),
        rx.el.div(
            rx.cond(
                as_var(state.hooks).length() > 0,
                _table(),
                empty_state(
                    "No webhooks yet",
                    "A webhook sends events to your URL, signed, with automatic retries.",
                    button("New webhook", kind="primary", icon="plus", on_click=state.open_create()),
                    icon="webhook",
                ),
            ),
            class_name="table-frame",
        ),
    )


def _table() -> rx.Component:
    heads = (("URL", ""), ("Events", ""), ("Status", ""), ("Last delivery", ""), ("", "act"))
    return plain_table("Webhooks", heads, rx.foreach(state.hooks, _row))


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
                rx.el.span("None yet", class_name="muted"),
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
        rx.menu.trigger(icon_button(f"Actions for {hook['url']}", "ellipsis", "ghost small")),
        rx.menu.content(
            rx.menu.item("Edit", on_click=state.open_edit(hook_id)),
            rx.menu.item("Send test", on_click=state.send_test(hook_id)),
            rx.menu.item("Rotate secret", on_click=state.ask("rotate", hook_id)),
            rx.cond(
                hook["is_active"],
                rx.menu.item("Disable", on_click=state.switch(hook_id, False)),
                rx.menu.item("Enable", on_click=state.switch(hook_id, True)),
            ),
            rx.menu.item("Delete", on_click=state.ask("delete", hook_id), color_scheme="red"),
            align="end",
        ),
    )


def _rotate_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == "rotate"),
        title=rx.el.span("Generate secret for ", state.asked["host"], "?"),
        text="For 24 hours requests are signed with both secrets, so that the receiver can switch without a gap.",
        confirm="Generate secret",
        on_confirm=state.rotate(),
        on_cancel=state.cancel(),
        busy=state.is_acting,
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == "delete"),
        title=rx.el.span("Delete the webhook to ", state.asked["host"], "?"),
        text=rx.el.span(
            state.asked["url"], " receives no more events. Its deliveries are deleted too. This cannot be undone."
        ),
        confirm="Delete",
        on_confirm=state.delete(),
        on_cancel=state.cancel(),
        busy=state.is_acting,
    )


PAGES = [webhooks_page]
