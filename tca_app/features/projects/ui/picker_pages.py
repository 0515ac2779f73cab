"""The user picker: a search by name; the arrow keys move through the results and Enter picks one."""

from typing import Any

import reflex as rx

from tca_app.features.projects.ui.picker_state import Person, PickerState
from tca_app.ui import routes
from tca_app.ui.components.basic import icon_button, select_box
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.text import t
from tca_app.ui.var import as_handler, as_var


def people_picker(
    state: type[PickerState], label: str, *, hint: str = "", roles: Any = None, error: Any = ""
) -> rx.Component:
    """The picker of a PickerState. With `roles`, pairs of (value, label), each picked user has a select `role.<id>`.

    `error` is the error of the field `person`, which is shown at the search.

    The search field belongs to no form, so Enter in it picks a user and does not submit the surrounding form.
    """
    no_one = as_var(state.picked).length() == 0
    return rx.el.div(
        rx.el.span(label, class_name="legend", custom_attrs={"id": "person-label"}),
        rx.el.ul(
            rx.foreach(state.picked, lambda person: _picked(state, person, roles)),
            class_name="picked",
            aria_label=t("Chosen"),
        ),
        _search(state, error) if state._picks_many else rx.cond(no_one, _search(state, error)),
        rx.el.span(hint, class_name="hint") if hint else None,
        roles_link() if roles else None,
        class_name="field picker",
    )


def roles_link() -> rx.Component:
    """A link to what each role may do. It opens a tab of its own, because it stands in forms."""
    return rx.el.p(
        rx.el.a(t("What can each role do?"), href=routes.ROLES, target="_blank", class_name="link"), class_name="hint"
    )


def _search(state: type[PickerState], error: Any) -> rx.Component:
    return rx.el.div(
        rx.el.input(
            type="search",
            class_name="input",
            placeholder=t("Search by name"),
            auto_complete="off",
            max_length=100,
            role="combobox",
            form="no-form",
            aria_autocomplete="list",
            aria_expanded=as_var(state.people).length() > 0,
            aria_controls="people-found",
            # Rendered anew after each pick, so that it is empty and keeps the focus.
            key=f"person-{as_var(state.picked).length()}",
            auto_focus=as_var(state.picked).length() > 0,
            on_change=as_handler(state.look_for).debounce(150),
            aria_labelledby="person-label",
            aria_invalid=rx.cond(error, "true", "false"),
            aria_describedby="person-error",
        ),
        rx.el.span(error, id="person-error", class_name="field-error", role="alert"),
        rx.cond(
            state.people_text != "",
            rx.el.div(
                rx.cond(
                    as_var(state.people).length() > 0,
                    rx.foreach(state.people, lambda person, index: _found(state, person, index)),
                    rx.el.p(t("No matching people."), class_name="none", role="status"),
                ),
                custom_attrs={"id": "people-found"},
                class_name="found",
                role="listbox",
                aria_label=t("People found"),
            ),
        ),
        custom_attrs={"data-palette": "", "data-found-for": state.people_found_for},
    )


def _found(state: type[PickerState], person: Person, index: Any) -> rx.Component:
    return rx.el.a(
        avatar(person["face"]),
        rx.el.span(person["name"], class_name="truncate"),
        rx.el.span(person["username"], class_name="muted truncate"),
        href="#",
        role="option",
        tab_index=-1,
        custom_attrs={"id": f"person-line-{index}"},
        on_click=state.pick(person["id"]).prevent_default,
    )


def _picked(state: type[PickerState], person: Person, roles: Any) -> rx.Component:
    return rx.el.li(
        avatar(person["face"]),
        rx.el.span(person["name"], class_name="truncate grow"),
        select_box(
            *(rx.el.option(text, value=value) for value, text in roles),
            kind="compact",
            name=f"role.{person['id']}",
            aria_label=t("Role of {name}", name=person["name"]),
        )
        if roles
        else None,
        icon_button(t("Remove {name}", name=person["name"]), "x", "ghost small", on_click=state.unpick(person["id"])),
        key=as_var(person["id"]).to(str),
    )
