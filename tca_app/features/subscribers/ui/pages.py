"""The page `/admin/subscribers`: who gets mails about public incidents, for administrators."""

import reflex as rx

from tca_app.features.subscribers.ui.state import SubscriberRow, SubscribersState
from tca_app.ui import routes
from tca_app.ui.components.basic import error_notice, icon_button, link, page_header, relative_time, tabs
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table

state = SubscribersState


@page(
    routes.SUBSCRIBERS,
    t("Subscribers"),
    permission="instance.manage",
    on_load=(SubscribersState.load,),
    crumbs=((t("Instance settings"), routes.ADMIN), (t("Subscribers"), None)),
)
def subscribers_page() -> rx.Component:
    return rx.fragment(
        page_header(t("Instance settings"), t("Addresses that get mails about incidents of the public status page.")),
        tabs(
            (t("Settings"), routes.ADMIN, False),
            (t("History"), routes.ADMIN_HISTORY, False),
            (t("Subscribers"), routes.SUBSCRIBERS, True),
        ),
        rx.cond(state.is_offered, None, _not_offered()),
        data_table(
            SubscribersState,
            columns=COLUMNS,
            label=t("Subscribers"),
            search_label=t("Search subscribers"),
            row_name=lambda row: row["email"],
            empty=empty_state(
                t("No subscribers yet"), t("Visitors of the public status page can subscribe by email."), icon="mail"
            ),
            tools=(download_link(routes.API_SUBSCRIBERS_EXPORT, state.export_query),),
        ),
        confirm_dialog(
            open_=state.removed_id > 0,
            title=t("Remove {removed_email}?", removed_email=state.removed_name),
            text=t("The address gets no more mails about incidents. It can subscribe again."),
            confirm=t("Remove subscriber"),
            on_confirm=state.remove,
            on_cancel=state.cancel_remove(),
            busy=state.is_acting,
            body=error_notice(state.remove_error),
        ),
    )


def _not_offered() -> rx.Component:
    return rx.el.p(
        t(
            "No one can subscribe now: the {admin} is off, or this console sends no mail.",
            admin=link(t("public status page"), to=routes.ADMIN),
        ),
        class_name="notice warning",
        style={"margin_bottom": "16px"},
    )


def _remove_button(row: SubscriberRow) -> rx.Component:
    return icon_button(
        t("Remove {email}", email=row["email"]), "x", "ghost small", on_click=state.ask_remove(row["id"])
    )


COLUMNS = (
    Column("email", t("Address"), cell=lambda row: cut(row["email"]), sortable=True, wide=60),
    Column("language", t("Language"), sortable=True),
    Column("created_at", t("Confirmed"), cell=lambda row: relative_time(row["created_at"]), sortable=True),
    Column("id", t("Actions"), cell=_remove_button, align_right=True),
)
PAGES = [subscribers_page]
