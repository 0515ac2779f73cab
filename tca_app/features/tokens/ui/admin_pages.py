"""The page of all API tokens, for administrators."""

import reflex as rx

from tca_app.features.tokens.ui.admin_state import AllTokensState, OwnedTokenRow
from tca_app.features.tokens.ui.pages import token_badge
from tca_app.ui import routes
from tca_app.ui.components.basic import link, page_header, relative_time
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction
from tca_app.ui.table.view import data_table

state = AllTokensState


@page(routes.ALL_TOKENS, "API tokens", permission="tokens.manage", on_load=(AllTokensState.load,))
def all_tokens_page() -> rx.Component:
    return rx.fragment(
        page_header(
            "API tokens",
            rx.el.span(
                "Tokens of all people and projects. Create your own in ",
                link("Settings", to=f"{routes.SETTINGS}?tab=tokens"),
                ".",
            ),
        ),
        data_table(
            state,
            columns=_columns(),
            label="API tokens",
            search_label="Search tokens by name, owner or prefix",
            row_name=lambda row: row["name"],
            actions=[
                RowAction(
                    "Revoke",
                    lambda row: state.ask_rows("revoke", [row["id"]]),
                    danger=True,
                    shown=lambda row: row["is_active"],
                )
            ],
            empty=empty_state("No tokens here", "Active tokens of people and projects are listed.", icon="key-round"),
        ),
    )


def _columns() -> list[Column]:
    return [
        Column("name", "Token", cell=_name),
        Column("owner", "Owner", cell=lambda row: link(row["owner"], to=row["owner_url"])),
        Column("state", "Status", cell=token_badge),
        Column("last_used_at", "Last used", cell=lambda row: relative_time(row["last_used_at"]), on_phone=False),
        Column("expires_at", "Expires", cell=lambda row: relative_time(row["expires_at"]), on_phone=False),
    ]


def _name(row: OwnedTokenRow) -> rx.Component:
    return rx.el.div(
        rx.el.span(row["name"], class_name="cell-title plain"),
        rx.el.div(rx.el.span(row["prefix"], class_name="mono"), " ", row["grants"], class_name="cell-sub"),
    )


PAGES = [all_tokens_page]
