"""The panel of trusted issuers in a project's settings."""

import reflex as rx

from tca_app.core.language.messages import N_
from tca_app.core.urls import MAX_URL
from tca_app.features.ci.ui.state import TrustRow, TrustsState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, error_notice, icon_button, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.menus import menu
from tca_app.ui.components.placeholders import empty_state, error_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, select_field, text_field
from tca_app.ui.record import is_at_its_url
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.selection.ticks import row_attrs
from tca_app.ui.var import as_var

state = TrustsState
PRESETS = (("github", t("GitHub Actions")), ("gitlab", "GitLab"), ("other", t("Another issuer")))
REQUEST = N_("Jobs request an ID token with the audience {audience}.")
BREAK = {"overflow_wrap": "anywhere"}  # a claim may be long and without a space
LEAD = t("CI jobs get a token of 15 minutes for the ID token of their run, so that no secret is stored.")


def ci_trust_settings() -> rx.Component:
    return rx.cond(
        is_at_its_url(state) & (state.phase != ""),
        rx.fragment(
            panel(
                t("Trusted CI"),
                rx.match(
                    state.phase,
                    ("list", _list()),
                    ("failed", error_state(state.failure, state.load)),
                    rx.el.div(skeleton_lines(2), class_name="panel-body"),
                ),
                actions=(rx.cond(as_var(state.rows).length() > 0, rx.fragment(_download(), _add_button("small"))),),
                flush=True,
            ),
            _form(),
            confirm_dialog(
                open_=is_at_its_url(state) & (state.removed_id > 0),
                title=rx.el.span(t("Remove {removed_name}?", removed_name=state.removed_name)),
                text=t("Its jobs get no more tokens, and the tokens that they have stop working now."),
                confirm=t("Remove"),
                cancel=t("Keep it"),
                on_confirm=state.remove,
                on_cancel=state.cancel_remove(),
                busy=state.is_acting,
                body=error_notice(state.remove_error),
            ),
        ),
    )


def _download() -> rx.Component:
    return download_link(f"{routes.API_PROJECTS}/{state.project_id}/ci-trusts/export.csv", state.sort_query)


def _add_button(kind: str) -> rx.Component:
    return button(t("Trust CI jobs"), kind=kind, icon="plus", on_click=state.open_create(state.project_id))


def _list() -> rx.Component:
    heads = ((t("Trusted jobs"), "", "name"), (t("Last used"), "", "last_used_at"), ("", "act"))
    audience = rx.el.p(t(REQUEST, audience=rx.el.code(state.audience)))
    return rx.cond(
        as_var(state.rows).length() > 0,
        rx.fragment(
            plain_table(t("Trusted CI"), heads, rx.foreach(state.rows, _row), order=state),
            rx.el.div(audience, class_name="panel-body muted"),
        ),
        empty_state(
            t("No CI is trusted"),
            f"{LEAD} {t(REQUEST, audience=state.audience)}",
            _add_button("primary"),
            icon="workflow",
        ),
    )


def _row(row: TrustRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(row["name"], class_name="cell-title plain"),
            rx.el.div(row["issuer"], class_name="cell-sub"),
            rx.foreach(row["claims"], lambda claim: rx.el.div(claim, class_name="cell-sub mono", style=BREAK)),
        ),
        rx.el.td(relative_time(row["last_used_at"])),
        rx.el.td(_menu(row), class_name="act"),
        key=as_var(row["id"]).to(str),
        **row_attrs(row),
    )


def _menu(row: TrustRow) -> rx.Component:
    trust_id = as_var(row["id"]).to(int)
    edit = state.open_edit(state.project_id, trust_id)
    return rx.fragment(
        menu(
            lambda: icon_button(t("Actions for {name}", name=row["name"]), "ellipsis", "ghost small"),
            rx.menu.item(t("Edit"), on_click=edit),
            rx.menu.item(t("Remove"), on_click=state.ask_remove(state.project_id, trust_id), color_scheme="red"),
        ),
        rx.el.button(type="button", hidden=True, on_click=edit, custom_attrs={"data-edit": ""}),  # for the key e
    )


def _form() -> rx.Component:
    return form_dialog(
        state,
        title=rx.cond(
            state.form_shows == "create", t("Trust CI jobs"), t("Edit {form_name}", form_name=state.form_name)
        ),
        submit=rx.cond(state.form_shows == "create", t("Trust these jobs"), t("Save")),
        on_submit=state.save,
        text=t(
            "Jobs with all of these claims get a token with the role of deployer. A * at the end stands for anything."
        ),
        fields=[
            text_field(state, "name", t("Name"), required=True, max_length=50, placeholder=t("Release")),
            select_field(state, "preset", t("CI service"), PRESETS),
            text_field(
                state,
                "issuer",
                t("Issuer URL"),
                type_="url",
                max_length=MAX_URL,
                hint=t("Empty: the public service. Needed for a server of your own and for another issuer."),
                spell_check=False,
            ),
            text_field(
                state,
                "repository",
                t("Repository"),
                max_length=255,
                placeholder="acme/ledger",
                hint=t(
                    "As the CI service writes it. Use owner/* for all repositories of an owner, "
                    "or name the repository in other claims."
                ),
                spell_check=False,
            ),
            text_field(
                state,
                "ref",
                t("Branch or tag"),
                max_length=255,
                hint=t("GitHub: refs/heads/main. GitLab: main. Empty: any."),
                spell_check=False,
            ),
            text_field(
                state,
                "environment",
                t("Environment"),
                max_length=255,
                hint=t("As the CI service names it. Empty: any."),
                spell_check=False,
            ),
            text_field(
                state,
                "others",
                t("Other claims"),
                lines=2,
                max_length=2000,
                placeholder="repository_owner_id=65",
                hint=t("One name=value on each line."),
                spell_check=False,
            ),
        ],
    )
