"""What a table with bulk actions shows: the buttons while rows are selected, the confirmation, the refusals."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import button, error_notice, icon_button
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.text import t
from tca_app.ui.forms.plain_field import plain_field
from tca_app.ui.table.bulk import MAX_EVERYTHING, BulkAction, BulkRows
from tca_app.ui.var import as_var

# The text of `reason_field`, which the browser reads when it sends the event.
_REASON: rx.Var[str] = rx.Var("(document.getElementById('bulk-reason')?.value ?? '')", _var_type=str)


def bulk_list(state: type[BulkRows], body: rx.Component) -> rx.Component:
    """A list that is no `data_table`, with its bulk actions."""
    return rx.fragment(refusals_notice(state), bulk_bar(state), body, bulk_dialog(state, None))


def bulk_bar(state: type[BulkRows]) -> rx.Component:
    """The bar with the actions on the selected rows. On a phone they are in a menu, so that it stays one line."""
    count, actions = as_var(state.selected).length(), state._bulk.actions
    return rx.cond(
        count > 0,
        rx.el.div(
            rx.el.strong(state.selected_text, class_name="num", role="status"),
            rx.cond(
                state.everything_text != "",
                rx.cond(
                    as_var(state.total) > MAX_EVERYTHING,
                    rx.el.span(state.everything_text, class_name="muted num"),
                    button(state.everything_text, kind="small ghost", on_click=state.select_everything()),
                ),
            ),
            *(_button(state, action) for action in actions),
            rx.cond(
                ~state.takes_bulk & ~state.is_trash, rx.el.span(t("No actions for these rows."), class_name="muted")
            ),
            rx.cond(state.takes_bulk | state.is_trash, _menu(state)),
            button(t("Clear"), kind="small ghost hide-phone", on_click=state.clear_selection()),
            icon_button(t("Clear selection"), "x", "ghost only-phone", on_click=state.clear_selection()),
            class_name="bulk-bar",
            role="region",
            aria_label=t("Selected rows"),
        ),
    )


def _menu(state: type[BulkRows]) -> rx.Component:
    opener = button(t("Actions"), rx.icon("chevron-up", size=16, aria_hidden="true"), kind="primary only-phone")
    items = (_item(state, action) for action in state._bulk.actions)
    return rx.menu.root(rx.menu.trigger(opener), rx.menu.content(*items, align="end", side="top"))


def _is_offered(state: type[BulkRows], action: BulkAction) -> rx.Var[bool]:
    if action.in_trash:
        return state.is_trash
    return state.takes_bulk & ~as_var(state.not_offered).to(list[str]).contains(action.key)


def _button(state: type[BulkRows], action: BulkAction) -> rx.Component:
    kind = "small danger-quiet hide-phone" if action.danger else "small hide-phone"
    return rx.cond(_is_offered(state, action), button(t(action.label), kind=kind, on_click=state.ask_bulk(action.key)))


def _item(state: type[BulkRows], action: BulkAction) -> rx.Component:
    color = {"color_scheme": "red"} if action.danger else {}
    item = rx.menu.item(t(action.label), on_click=state.ask_bulk(action.key), **color)
    return rx.cond(_is_offered(state, action), item)


def bulk_dialog(state: type[BulkRows], body: rx.Component | None) -> rx.Component:
    return confirm_dialog(
        open_=state.is_bulk_open,
        title=state.bulk_title,
        text=state.bulk_text,
        confirm=state.bulk_button,
        on_confirm=state.run_bulk(_REASON),
        on_cancel=state.cancel_bulk(),
        cancel=state.bulk_keep,
        kind=rx.cond(state.is_bulk_danger, "danger", "primary"),
        busy=state.is_bulk_running | as_var(state.is_bulk_trying),
        body=rx.el.div(
            body,
            rx.el.div(
                button(t("Dry run"), kind="small", busy=as_var(state.is_bulk_trying), on_click=state.try_bulk(_REASON)),
                rx.el.span(state.bulk_tried, class_name="muted num", role="status"),
                class_name="row",
            ),
            rx.cond(
                as_var(state.tried_refusals).length() > 0,
                rx.el.div(
                    rx.el.strong(t("Would be refused:")), _refused(state.tried_refusals), class_name="stack tight tried"
                ),
            ),
            rx.cond(state.bulk_progress != "", rx.el.p(state.bulk_progress, class_name="muted num", role="status")),
            error_notice(state.bulk_error),
            class_name="stack tight asked",
        ),
    )


def reason_field(state: type[BulkRows], label: str, *, required: bool) -> rx.Component:
    """The field of a reason, for the `question` of a table. `_apply` finds its text in `_reason`."""
    return plain_field("reason", label, state.bulk_reason_error, id_="bulk-reason", required=required, max_length=500)


def refusals_notice(state: type[BulkRows]) -> rx.Component:
    """Lists the refusals of the last action until the viewer dismisses them."""
    return rx.cond(
        as_var(state.refusals).length() > 0,
        rx.el.div(
            rx.el.div(
                rx.el.strong(t("Not changed:")),
                _refused(state.refusals),
                class_name="grow",
            ),
            icon_button(t("Dismiss"), "x", "ghost small", on_click=state.dismiss_refusals()),
            class_name="notice warning row refusals",
            role="alert",
        ),
    )


def _refused(refusals: Any) -> rx.Component:
    return rx.el.ul(rx.foreach(refusals, lambda line: rx.el.li(rx.el.strong(line["name"]), ": ", line["detail"])))
