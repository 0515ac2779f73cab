"""The parts of the page of one project that are about the project itself: header, overview, settings and dialogs."""

from typing import Any

import reflex as rx

from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.form_pages import project_dialog
from tca_app.features.projects.ui.members_pages import team_preview
from tca_app.features.projects.ui.picker_pages import people_picker
from tca_app.ui import routes
from tca_app.ui.components.badges import project_status_badge
from tca_app.ui.components.basic import button, error_notice, facts, page_header, panel, relative_time
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import tile, with_face
from tca_app.ui.components.text import t
from tca_app.ui.record import is_at_its_url
from tca_app.ui.var import as_var

state = ProjectState
project = ProjectState.project


def may(action: str) -> Any:
    return as_var(state.allowed).contains(action)


def project_header(who_else: rx.Component) -> rx.Component:
    return page_header(
        rx.el.span(tile(project["mark"], "large"), rx.el.span(project["name"]), class_name="person"),
        rx.el.span(
            project_status_badge(project["status"]),
            rx.el.span(project["slug"], class_name="mono"),
            who_else,
            class_name="row",
        ),
        rx.cond(may("projects.update") & (state.tab != "settings"), button(t("Edit"), icon="pencil", on_click=_edit())),
    )


def project_dialogs(editing_mark: rx.Component) -> list[rx.Component]:
    return [project_dialog(state, editing_mark), *(_dialog(action) for action in DIALOGS)]


def _edit() -> Any:
    return state.open_edit(project["id"])


def project_about() -> rx.Component:
    """The description and the facts, for the rail of the overview."""
    return panel(
        t("About"),
        rx.el.div(
            rx.cond(
                project["description"] != "",
                rx.el.p(project["description"], class_name="prose"),
                rx.el.p(t("No description yet."), class_name="muted"),
            ),
            facts(
                (t("Owner"), with_face(project["face"], rx.el.span(project["owner"], class_name="truncate"))),
                (t("Your role"), rx.cond(project["my_role"] != "", project["my_role"], t("Not a member"))),
                (t("Members"), rx.el.span(project["member_count"], class_name="num")),
                (t("Created"), relative_time(project["created_at"])),
                (t("Changed"), relative_time(project["updated_at"])),
            ),
            class_name="stack",
        ),
    )


def project_team() -> rx.Component:
    return rx.cond(may("members.list"), team_preview(f"{routes.project(project['id'])}?tab=members"))


def _repository() -> rx.Component:
    url = project["repository"]
    return rx.cond(
        url != "",
        rx.el.a(url, href=url, target="_blank", rel="noopener noreferrer", class_name="link"),
        rx.el.span(t("None"), class_name="muted"),
    )


def general_settings() -> rx.Component:
    return panel(
        t("General"),
        facts(
            (t("Name"), project["name"]),
            (t("Slug"), rx.el.span(project["slug"], class_name="mono")),
            (t("Mark"), tile(project["mark"])),
            (t("Description"), rx.cond(project["description"] != "", project["description"], t("None"))),
            (t("Repository"), _repository()),
            (t("Status"), project_status_badge(project["status"])),
        ),
        actions=(button(t("Edit"), kind="small", icon="pencil", on_click=_edit()),),
    )


def ownership_settings() -> rx.Component:
    is_archived = project["status"] == "archived"
    return rx.cond(
        may("projects.delete"),
        panel(
            t("Ownership and removal"),
            _choice(
                t("Transfer ownership"),
                t("The new owner gets full control. The current owner becomes a maintainer."),
                button(t("Transfer"), on_click=state.ask(project["id"], "transfer")),
            ),
            rx.cond(
                is_archived,
                _choice(
                    t("Activate"),
                    t("Sets the status to Active."),
                    button(t("Activate"), on_click=state.activate(project["id"])),
                ),
                _choice(
                    t("Archive"),
                    t("It stays readable and no longer counts as active."),
                    button(t("Archive"), on_click=state.ask(project["id"], "archive")),
                ),
            ),
            _choice(
                t("Delete"),
                t("It moves to the trash with its team. You can restore it from there."),
                button(t("Delete"), kind="danger-quiet", on_click=state.ask(project["id"], "delete")),
            ),
            flush=True,
        ),
    )


def _choice(title: str, text: str, action: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.div(rx.el.h3(title), rx.el.p(text, class_name="muted"), class_name="grow"), action, class_name="choice"
    )


# For each action: the title before the name of the project, the text, and the label of the button.
DIALOGS = {
    "transfer": (
        t("Transfer ownership of {name}?", name=project["name"]),
        t("Only the new owner or an administrator can transfer it back."),
        t("Transfer"),
    ),
    "archive": (
        t("Archive {name}?", name=project["name"]),
        t("It stays readable, and can be activated again."),
        t("Archive"),
    ),
    "delete": (
        t("Delete {name}?", name=project["name"]),
        t("It moves to the trash. You can restore it from there."),
        t("Delete"),
    ),
    "leave": (
        t("Leave {name}?", name=project["name"]),
        t("You lose access until someone adds you again."),
        t("Leave"),
    ),
}


def _dialog(action: str) -> rx.Component:
    title, text, confirm = DIALOGS[action]
    picker = people_picker(state, t("New owner"), error=state.person_error) if action == "transfer" else None
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.asking == action),
        title=rx.el.span(title),
        text=text,
        confirm=confirm,
        on_confirm=state.confirm,
        on_cancel=state.cancel(),
        busy=state.is_acting,
        body=rx.el.div(error_notice(state.asking_error), picker, class_name="stack tight"),
        type_name=project["name"] if action == "delete" else None,
    )
