"""The page of all API tokens, for administrators."""

import reflex as rx

from tca_app.features.tokens.ui.admin_state import AllTokensState, OwnedTokenRow
from tca_app.features.tokens.ui.pages import token_columns
from tca_app.ui import routes
from tca_app.ui.components.basic import link, page_header
from tca_app.ui.components.faces import with_face, with_tile
from tca_app.ui.components.placeholders import empty_state
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column, RowAction
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table

state = AllTokensState


@page(routes.ALL_TOKENS, t("API tokens"), permission="tokens.manage", on_load=(AllTokensState.load,))
def all_tokens_page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("API tokens"),
            rx.el.span(
                t(
                    "Tokens of all people and projects. Create your own in {settings}.",
                    settings=link(t("Settings"), to=f"{routes.SETTINGS}?tab=tokens"),
                ),
            ),
        ),
        data_table(
            state,
            columns=token_columns(Column("owner", t("Owner"), cell=_owner, sortable=True, wide=26)),
            label=t("API tokens"),
            search_label=t("Search tokens by name, owner or prefix"),
            row_name=lambda row: row["name"],
            actions=[
                RowAction(
                    t("Revoke"),
                    lambda row: state.ask_rows("revoke", [row["id"]]),
                    danger=True,
                    shown=lambda row: row["is_active"],
                )
            ],
            empty=empty_state(
                t("No tokens here"), t("Active tokens of people and projects are listed."), icon="key-round"
            ),
            tools=(download_link(routes.API_TOKENS_EXPORT, state.export_query),),
        ),
    )


def _owner(row: OwnedTokenRow) -> rx.Component:
    opener = {"data-open": ""}
    named = link(row["owner"], to=row["owner_url"], class_name="link truncate", title=row["owner"], custom_attrs=opener)
    return rx.cond(row["mark"]["text"] != "", with_tile(row["mark"], named), with_face(row["face"], named))


PAGES = [all_tokens_page]
