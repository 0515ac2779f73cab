"""The page of one webhook: its settings, and each delivery attempt with its request and response."""

import reflex as rx

from tca_app.features.webhooks.ui.detail_state import DeliveriesState, DeliveryRow
from tca_app.features.webhooks.ui.state import WebhooksState
from tca_app.features.webhooks.ui.status import delivery_badge, hook_badge
from tca_app.ui import routes
from tca_app.ui.components.basic import button, facts, link, panel, relative_time
from tca_app.ui.components.faces import in_sentence
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.detail import with_rail
from tca_app.ui.record import at_its_url, is_at_its_url
from tca_app.ui.saved_views.view import views_menu
from tca_app.ui.table.bulk_view import bulk_list
from tca_app.ui.table.filters import chips
from tca_app.ui.table.parts import download_link, no_match, plain_table, tools_row
from tca_app.ui.table.preferences import view_menu
from tca_app.ui.table.selection.ticks import row_attrs, tick_cell
from tca_app.ui.var import as_var

state = WebhooksState
log = DeliveriesState
hook = WebhooksState.shown
hook_id = as_var(WebhooksState.shown["id"]).to(int)
_is_loaded = is_at_its_url(log) & log.is_loaded
HEADS = (
    (t("Event"), "", "event_type"),
    (t("Status"), "", "status"),
    (t("Attempt"), "right num", "attempt"),
    (t("Duration"), "right num hide-beside-rail", "duration_ms"),
    (t("Response"), "num", "response_code"),
    (t("Time"), "", "at"),
)
_EXPORT = f"{routes.API_WEBHOOKS}/{hook_id}/deliveries/export.csv"


def webhook_detail() -> rx.Component:
    return rx.fragment(
        link(t("All webhooks"), to=state.list_url),
        _why_off(),
        rx.el.div(rx.el.h2(hook["host"], class_name="grow"), *_actions(), class_name="row record-head"),
        with_rail(
            tools_row(
                log,
                t("Search deliveries"),
                (
                    views_menu(),
                    view_menu(log, {key: label for label, _, key in HEADS}),
                    download_link(_EXPORT, log.export_query),
                ),
            ),
            chips(log),
            panel(t("Deliveries"), _deliveries(), actions=(_count(),), flush=True),
            rail=(panel(t("About"), _facts()),),
            is_long=True,
        ),
    )


def _why_off() -> rx.Component:
    return rx.cond(
        hook["why_off"] != "",
        rx.el.div(
            t(
                "Disabled automatically: {why_off}. Fix the receiver, send a test, and enable it again.",
                why_off=hook["why_off"],
            ),
            class_name="notice error",
            role="status",
        ),
    )


def _facts() -> rx.Component:
    names = as_var(hook["event_names"]).to(list[str])
    return facts(
        (t("URL"), hook["url"]),
        (t("Status"), hook_badge(hook)),
        (t("Description"), rx.cond(hook["description"] != "", hook["description"], t("None"))),
        (t("Events"), rx.cond(names.length() > 0, names.join(", "), t("All events"))),
        (
            t("Secret"),
            rx.cond(
                hook["old_signature_until"] != "",
                rx.el.span(
                    t(
                        "Two valid secrets; the old one expires {old_signature_until}",
                        old_signature_until=relative_time(hook["old_signature_until"]),
                    )
                ),
                t("One valid secret"),
            ),
        ),
        (t("Failures"), rx.el.span(t("{failures} of 4 in a row", failures=hook["failures"]), class_name="num")),
        (t("Created"), rx.el.span(relative_time(hook["created_at"]), _by(), class_name="row")),
    )


def _by() -> rx.Component:
    return rx.cond(
        hook["created_by"] != "",
        rx.el.span(t(" by {created_by}", created_by=in_sentence(hook["face"], hook["created_by"]))),
    )


def _actions() -> tuple[rx.Component, ...]:
    return (
        button(t("Send test"), icon="send", kind="primary", on_click=state.send_test(hook_id)),
        button(t("Edit"), icon="pencil", on_click=state.open_edit(hook_id)),
        button(t("Rotate secret"), icon="key-round", on_click=state.ask("rotate", hook_id)),
        rx.cond(
            hook["is_active"],
            button(t("Disable"), on_click=state.switch(hook_id, False)),
            button(t("Enable"), on_click=state.switch(hook_id, True)),
        ),
        button(t("Delete"), kind="danger-quiet", on_click=state.ask("delete", hook_id)),
    )


def _count() -> rx.Component:
    return rx.cond(_is_loaded, rx.el.span(log.total, class_name="muted num"))


def _deliveries() -> rx.Component:
    waiting = rx.el.div(skeleton_lines(4), class_name="panel-body")
    shown = rx.cond(
        log.is_loaded,
        rx.cond(
            as_var(log.rows).length() > 0,
            rx.fragment(
                bulk_list(
                    log,
                    plain_table(
                        t("Deliveries"),
                        HEADS,
                        rx.foreach(log.rows, _delivery),
                        order=log,
                        selects=log,
                        preference=log,
                    ),
                ),
                _more(),
            ),
            rx.cond(
                log.is_filtered,
                no_match(log),
                empty_state(t("No deliveries yet"), t("Send a test to check the receiver."), icon="send-horizontal"),
            ),
        ),
        waiting,
    )
    return at_its_url(log, or_failure(log, shown), waiting)


def _more() -> rx.Component:
    return rx.cond(
        log.has_more,
        rx.el.div(button(t("Load more"), on_click=log.more(hook_id)), class_name="feed-more"),
        rx.cond(log.cut_text != "", rx.el.p(log.cut_text, class_name="panel-body muted num")),
    )


def _delivery(row: DeliveryRow) -> rx.Component:
    delivery_id = as_var(row["id"]).to(int)
    is_open = log.open_id == delivery_id
    return rx.fragment(
        rx.el.tr(
            tick_cell(log, row, row["event"]),
            rx.el.td(
                rx.el.button(
                    row["event"],
                    type="button",
                    class_name="cell-title",
                    on_click=log.toggle(hook_id, delivery_id),
                    aria_expanded=rx.cond(is_open, "true", "false"),
                    custom_attrs={"data-open": ""},
                )
            ),
            rx.el.td(delivery_badge(row["status"])),
            rx.el.td(row["attempt"], class_name="right num"),
            rx.el.td(row["took"], class_name="right num hide-beside-rail"),
            rx.el.td(row["answer"], class_name="num nowrap"),
            rx.el.td(relative_time(row["at"]), class_name="muted"),
            **row_attrs(row, log),
        ),
        rx.cond(is_open, rx.el.tr(rx.el.td(_sent(row), col_span=len(HEADS) + 1), class_name="details")),
        key=delivery_id.to(str),
    )


def _sent(row: DeliveryRow) -> rx.Component:
    sent = log.sent
    return rx.el.div(
        rx.cond(sent["error"] != "", rx.el.p(sent["error"], class_name="notice error")),
        rx.el.div(
            rx.el.section(
                rx.el.h3(t("Request")),
                rx.el.p(t("POST {url}", url=sent["url"]), class_name="mono"),
                rx.el.pre(sent["headers"], class_name="code-block", tab_index=0, aria_label=t("Request headers")),
                rx.el.pre(sent["body"], class_name="code-block", tab_index=0, aria_label=t("Request body")),
                class_name="stack tight grow",
            ),
            rx.el.section(
                rx.el.h3(t("Response")),
                rx.cond(sent["code"] != "", _answer(), rx.el.p(t("No response."), class_name="muted")),
                rx.el.div(
                    button(
                        t("Redeliver"),
                        kind="small",
                        icon="rotate-cw",
                        on_click=log.redeliver(hook_id, as_var(row["id"]).to(int)),
                    )
                ),
                class_name="stack tight",
            ),
            class_name="sent",
        ),
        class_name="delivery-details",
    )


def _answer() -> rx.Component:
    sent = log.sent
    return facts(
        (t("Status"), rx.el.span(sent["code"], class_name="num")),
        (t("Type"), rx.cond(sent["content_type"] != "", sent["content_type"], t("None"))),
        (t("Size"), rx.el.span(sent["size"], class_name="num")),
        (t("Time"), rx.el.span(sent["took"], class_name="num")),
    )
