"""The section of API tokens: a tab of one's own settings, and a panel in the settings of a project."""

from typing import Any

import reflex as rx

from tca_app.features.tokens.ui.state import NEVER, SHOWN_ONCE, TokenRow, TokensState
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, error_notice, panel, relative_time, select_box
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.detail import secret_once
from tca_app.ui.forms.fields import form_dialog, select_field, text_field
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.grid import Column, RowAction, cut
from tca_app.ui.table.parts import download_link
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state = TokensState
PERSONAL_SCOPES = (
    ("read", t("Read: see what you see")),
    ("deploy", t("Deploy: also report deployments and roll back")),
    ("write", t("Write: also change what you may change")),
)
ADMIN_SCOPE = ("admin", t("Admin: also administer users, jobs and the instance"))
PROJECT_SCOPES = (
    ("read", t("Read: see the project")),
    ("deploy", t("Deploy: also report deployments and roll back")),
    ("write", t("Write: also change what its role may change")),
)
ROLES = (("viewer", t("Viewer")), ("deployer", t("Deployer")), ("maintainer", t("Maintainer")))
LIFETIMES = (("7", t("7 days")), ("30", t("30 days")), ("90", t("90 days")), ("365", t("1 year")))
OVERLAPS = (("24", t("24 hours")), ("1", t("1 hour")), ("0", t("None: the old token stops working now")))


def token_settings() -> rx.Component:
    """One's own tokens."""
    return _section(t("API tokens"), t("A script or CI job uses a token instead of your password. It acts as you."))


def project_token_settings() -> rx.Component:
    """The tokens of a project, for those who may see them."""
    return rx.cond(
        is_at_its_url(state) & state.is_shown,
        _section(t("API tokens"), t("CI uses a token of the project. It keeps working after its creator leaves.")),
    )


def _section(title: str, lead: str) -> rx.Component:
    return rx.el.div(
        _shown_token(),
        panel(
            title,
            rx.cond(
                is_at_its_url(state) & state.is_shown,
                rx.el.div(_list(lead), class_name="panel-list"),
                rx.el.div(skeleton_lines(3), class_name="panel-body"),
            ),
            flush=True,
        ),
        _form(),
        _rotate_dialog(),
        _revoke_dialog(),
        class_name="stack",
    )


def _shown_token() -> rx.Component:
    return secret_once(
        SHOWN_ONCE,
        rx.el.h2(t("The token {shown_of}", shown_of=rx.el.strong(state.shown_of))),
        rx.el.p(t("Copy it now: it is not shown again.")),
        hidden=~is_at_its_url(state) | (state.shown_of == ""),
        on_done=state.hide_token(),
        label=t("Token"),
        title=t("New token"),
    )


def _list(lead: str) -> rx.Component:
    new = button(t("New token"), kind="primary", icon="plus", on_click=state.open_create())
    is_started = (as_var(state.rows).length() > 0) | state.is_filtered
    return data_table(
        state,
        columns=token_columns(),
        label=t("API tokens"),
        search_label=t("Search tokens by name or prefix"),
        row_name=lambda row: row["name"],
        actions=[
            RowAction(t("Rotate"), lambda row: state.ask("rotate", row["id"]), shown=lambda row: row["can_act"]),
            RowAction(
                t("Revoke"),
                lambda row: state.ask("revoke", row["id"]),
                danger=True,
                shown=lambda row: row["state"] == "active",
            ),
        ],
        empty=empty_state(t("No API tokens"), lead, new, icon="key-round"),
        tools=(rx.cond(is_started, rx.fragment(download_link(state.export_url, state.export_query), new)),),
    )


def token_columns(*between: Column) -> list[Column]:
    """The columns of a list of tokens. `between` stand behind the name."""
    return [
        Column("name", t("Token"), cell=_name, sortable=True, wide=34),
        *between,
        Column("state", t("Status"), cell=token_badge, sortable=True),
        _time("created_at", t("Created"), on_tablet=False),
        _time("last_used_at", t("Last used")),
        # A revoked token works no more, whatever its date.
        Column(
            "expires_at",
            t("Expires"),
            cell=lambda row: rx.cond(row["state"] != "revoked", relative_time(row["expires_at"])),
            sortable=True,
        ),
    ]


def _time(key: str, label: str, *, on_tablet: bool = True) -> Column:
    return Column(
        key, label, cell=lambda row: relative_time(row[key]), sortable=True, on_phone=on_tablet, on_tablet=on_tablet
    )


def _name(row: TokenRow) -> rx.Component:
    return rx.el.div(
        cut(row["name"], "cell-title plain"),
        rx.el.div(rx.el.span(row["prefix"], class_name="mono"), " ", row["grants"], class_name="cell-sub truncate"),
        rx.cond(row["networks"] != "", cut(t("From {networks}", networks=row["networks"]), "cell-sub")),
    )


def token_badge(row: Any) -> rx.Component:
    """The badge of the states active, replaced, expired and revoked."""
    return rx.match(
        row["state"],
        (
            "active",
            rx.cond(
                row["is_replaced"],
                badge(t("Replaced"), "warn", "rotate-cw"),
                badge(t("Active"), "good", "circle-check"),
            ),
        ),
        ("expired", badge(t("Expired"), "", "clock")),
        badge(t("Revoked"), "", "circle-off"),
    )


def _form() -> rx.Component:
    return form_dialog(
        state,
        title=t("New API token"),
        submit=t("Create token"),
        on_submit=state.save,
        text=t("The token is shown once, when it is created."),
        fields=[
            text_field(state, "name", t("Name"), required=True, max_length=50, placeholder="CI"),
            rx.cond(
                state.project_id > 0,
                rx.fragment(
                    select_field(
                        state, "role", t("Role in the project"), ROLES, hint=t("Only owners grant maintainer.")
                    ),
                    select_field(state, "scopes", t("Scope"), PROJECT_SCOPES),
                ),
                rx.cond(
                    state.is_superuser,
                    select_field(state, "scopes", t("Scope"), (*PERSONAL_SCOPES, ADMIN_SCOPE)),
                    select_field(state, "scopes", t("Scope"), PERSONAL_SCOPES),
                ),
            ),
            rx.cond(
                state.is_superuser,
                select_field(state, "expires_in_days", t("Expires after"), (*LIFETIMES, (NEVER, t("Never")))),
                select_field(state, "expires_in_days", t("Expires after"), LIFETIMES),
            ),
            text_field(
                state,
                "allowed_networks",
                t("Allowed networks"),
                hint=t("Addresses and networks from which it works, such as 203.0.113.0/24. Empty: from anywhere."),
                max_length=1000,
                spell_check=False,
            ),
        ],
    )


def _rotate_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == "rotate"),
        title=rx.el.span(t("Rotate {asked_name}?", asked_name=state.asked_name)),
        text=t("A new token replaces it, with the same rights and lifetime."),
        confirm=t("Rotate token"),
        kind="primary",
        on_confirm=state.rotate,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        body=rx.fragment(
            error_notice(state.act_error),
            rx.el.div(
                rx.el.label(t("The old token works for"), html_for="field-overlap_hours"),
                select_box(
                    *(rx.el.option(text, value=value) for value, text in OVERLAPS),
                    name="overlap_hours",
                    custom_attrs={"id": "field-overlap_hours"},
                ),
                class_name="field",
            ),
        ),
    )


def _revoke_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == "revoke"),
        title=rx.el.span(t("Revoke {asked_name}?", asked_name=state.asked_name)),
        text=t("Anything that uses this token stops working immediately. This cannot be undone."),
        confirm=t("Revoke token"),
        on_confirm=state.revoke,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        body=error_notice(state.act_error),
    )
