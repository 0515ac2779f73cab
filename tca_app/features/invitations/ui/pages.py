"""Invitations on the page of users and on the page of a project: the lists, and the dialogs."""

from typing import Any

import reflex as rx

from tca_app.features.invitations.addresses import MAX_TEXT
from tca_app.features.invitations.ui.form_state import LINKS, InviteState
from tca_app.features.invitations.ui.state import InvitationRow, InvitationsState, ProjectInvitationsState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, icon_button, link, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import tile, with_face
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, select_field, text_field
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.bulk_view import bulk_list
from tca_app.ui.table.grid import Column, cut
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.selection.ticks import row_attrs, tick_cell
from tca_app.ui.table.view import data_table
from tca_app.ui.var import as_var

state = InviteState


def invite_button(label: str, project_id: Any) -> rx.Component:
    return button(label, kind="primary", icon="mail-plus", on_click=state.open_invite(project_id))


def _invite_by_email(project_id: Any) -> rx.Component:
    return button(t("Invite by email"), kind="small", icon="mail-plus", on_click=state.open_invite(project_id))


def invitations_list() -> rx.Component:
    """All invitations, for administrators."""
    return data_table(
        InvitationsState,
        columns=COLUMNS,
        label=t("Invitations"),
        search_label=t("Search invitations"),
        row_name=lambda row: row["email"],
        empty=empty_state(t("No invitations yet"), t("Invite people by their email address."), icon="mail"),
        tools=(download_link(routes.API_INVITATIONS_EXPORT, InvitationsState.export_query),),
    )


def project_invitations(project_id: Any) -> rx.Component:
    """The open invitations into a project, for its maintainers."""
    rows = ProjectInvitationsState.rows
    heads = (
        (t("Address"), "", "email"),
        (t("Role"), "", "role"),
        (t("Status"), "", "state"),
        (t("Invited by"), "", "invited_by"),
        ("", "act"),
    )
    return rx.fragment(
        invitation_links(),
        panel(
            t("Invitations"),
            rx.cond(
                is_at_its_url(ProjectInvitationsState) & ProjectInvitationsState.is_loaded,
                rx.cond(
                    as_var(rows).length() > 0,
                    bulk_list(
                        ProjectInvitationsState,
                        plain_table(
                            t("Invitations"),
                            heads,
                            rx.foreach(rows, _project_row),
                            order=ProjectInvitationsState,
                            selects=ProjectInvitationsState,
                        ),
                    ),
                    rx.el.p(
                        t("No one is invited. Invite people who have no account yet."), class_name="panel-body muted"
                    ),
                ),
                rx.el.div(skeleton_lines(2), class_name="panel-body"),
            ),
            actions=(
                rx.cond(
                    as_var(rows).length() > 0,
                    download_link(routes.API_INVITATIONS_EXPORT, ProjectInvitationsState.export_query),
                ),
                button(t("Invite by email"), kind="small", icon="mail-plus", on_click=state.open_invite(project_id)),
            ),
            flush=True,
        ),
        invite_dialogs(),
    )


def invite_dialogs() -> rx.Component:
    return rx.fragment(
        form_dialog(
            state,
            title=rx.cond(state.form_id > 0, t("Invite to {form_name}", form_name=state.form_name), t("Invite people")),
            text=t("Each person gets a link that works once, for 24 hours."),
            submit=t("Send invitations"),
            on_submit=state.save,
            fields=[
                text_field(
                    state,
                    "emails",
                    t("Email addresses"),
                    required=True,
                    lines=4,
                    max_length=MAX_TEXT,
                    hint=t("Up to 100, with commas, spaces or new lines between them."),
                    spell_check=False,
                ),
                rx.cond(
                    as_var(state.form_values).contains("role"),
                    select_field(state, "role", t("Role"), state.role_options),
                ),
            ],
        ),
        confirm_dialog(
            open_=is_at_its_url(state) & (state.revoked_id > 0),
            title=t("Revoke the invitation of {revoked_email}?", revoked_email=state.revoked_email),
            text=t("The link stops working. You can invite them again."),
            confirm=t("Revoke invitation"),
            on_confirm=state.revoke(),
            on_cancel=state.cancel_revoke(),
            busy=state.is_acting,
        ),
    )


def invitation_links() -> rx.Component:
    """The links while mail is off. The field is always in the page, so that no link passes through a state."""
    return rx.el.section(
        rx.el.h2(t("Pass these links on")),
        rx.el.p(t("This console sends no mail. Copy the links now: they are not shown again.")),
        rx.el.textarea(
            id=LINKS, class_name="input mono", rows="3", read_only=True, aria_label=t("Links"), spell_check=False
        ),
        rx.el.div(
            button(
                rx.el.span(t("Copy"), class_name="to-copy"),
                rx.el.span(t("Copied"), class_name="copied", role="status"),
                icon="copy",
                kind="primary",
                custom_attrs={"data-action": "copy", "data-from": LINKS},
            ),
            button(t("Done"), on_click=state.hide_links()),
            class_name="row",
        ),
        class_name="notice secret stack tight",
        aria_label=t("Links of invitations"),
        hidden=~(is_at_its_url(state) & state.has_links),
    )


def state_badge(value: Any) -> rx.Component:
    return rx.match(
        value,
        ("pending", badge(t("Pending"), "info", "clock")),
        ("accepted", badge(t("Accepted"), "good", "circle-check")),
        ("expired", badge(t("Expired"), "", "timer-off")),
        badge(t("Revoked"), "", "ban"),
    )


def _address_cell(row: InvitationRow) -> rx.Component:
    return rx.el.div(
        cut(row["email"], "cell-title plain"),
        rx.cond(
            row["project_id"] > 0,
            rx.el.div(
                tile(row["mark"], "small"),
                t(
                    "{project_name} as {role}",
                    project_name=link(
                        row["project_name"], to=routes.project(row["project_id"]), custom_attrs={"data-open": ""}
                    ),
                    role=row["role_word"],
                ),
                class_name="cell-sub truncate",
            ),
        ),
    )


def _by_cell(row: InvitationRow) -> rx.Component:
    return rx.cond(row["invited_by"] != "", with_face(row["face"], cut(row["invited_by"])))


def _row_buttons(row: InvitationRow) -> rx.Component:
    email = row["email"]
    return rx.el.div(
        icon_button(
            t("Resend invitation of {email}", email=email), "rotate-cw", "ghost small", on_click=state.resend(row["id"])
        ),
        icon_button(
            t("Revoke invitation of {email}", email=email), "x", "ghost small", on_click=state.ask_revoke(row["id"])
        ),
        class_name="row",
        style={"flex_wrap": "nowrap", "justify_content": "flex-end"},
    )


COLUMNS = (
    Column("email", t("Address"), cell=_address_cell, sortable=True, wide=40),
    Column("state", t("Status"), cell=lambda row: state_badge(row["state"]), sortable=True),
    Column("invited_by", t("Invited by"), cell=_by_cell, sortable=True, wide=22),
    Column(
        "created_at",
        t("Invited"),
        cell=lambda row: relative_time(row["created_at"]),
        sortable=True,
        on_phone=False,
        on_tablet=False,
    ),
    Column(
        "expires_at",
        t("Expires"),
        cell=lambda row: rx.cond(row["is_open"], relative_time(row["expires_at"])),
        sortable=True,
    ),
    Column("id", t("Actions"), cell=lambda row: rx.cond(row["is_open"], _row_buttons(row)), align_right=True),
)


def _project_row(row: InvitationRow) -> rx.Component:
    return rx.el.tr(
        tick_cell(ProjectInvitationsState, row, row["email"]),
        rx.el.td(rx.el.span(row["email"], class_name="truncate")),
        rx.el.td(row["role_label"]),
        rx.el.td(state_badge(row["state"])),
        rx.el.td(_by_cell(row)),
        rx.el.td(_row_buttons(row), class_name="act"),
        **row_attrs(row, ProjectInvitationsState),
    )
