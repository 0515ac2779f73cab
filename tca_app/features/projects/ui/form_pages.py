"""The dialog that creates or edits a project."""

import reflex as rx

from tca_app.core.urls import MAX_URL
from tca_app.features.projects.ui.form_state import COLOR_OPTIONS, NAME_LENGTH, ProjectForm
from tca_app.ui.components.text import t
from tca_app.ui.forms.fields import form_dialog, select_field, text_field
from tca_app.ui.var import as_handler, as_var


def project_dialog(state: type[ProjectForm], editing_mark: rx.Component, *more: rx.Component) -> rx.Component:
    """The dialog of a ProjectForm. It has a field for each value that the form was opened with; `more` comes below.

    `editing_mark` shows others that someone is editing while the form is open.
    """
    is_new = state.form_shows == "create"
    return form_dialog(
        state,
        title=rx.cond(is_new, t("New project"), t("Edit {form_name}", form_name=state.form_name)),
        submit=rx.cond(is_new, t("Create"), t("Save")),
        on_submit=state.save,
        text=rx.cond(is_new, t("You become the owner."), ""),
        fields=[
            _if_given(state, "name", _name_field(state)),
            _if_given(
                state,
                "slug",
                text_field(
                    state,
                    "slug",
                    t("Slug"),
                    required=True,
                    hint=t("Identifies the project in URLs and scripts."),
                    max_length=100,
                    spell_check=False,
                ),
            ),
            text_field(state, "description", t("Description"), lines=3, max_length=2000),
            text_field(
                state,
                "repository_url",
                t("Repository URL"),
                type_="url",
                max_length=MAX_URL,
                placeholder="https://",
                spell_check=False,
            ),
            _if_given(state, "status", select_field(state, "status", t("Status"), state.status_options)),
            rx.cond(is_new, None, _mark_fields(state)),
            *more,
            rx.cond(is_new, None, editing_mark),
        ],
    )


def _mark_fields(state: type[ProjectForm]) -> rx.Component:
    return rx.el.div(
        _if_given(state, "color", select_field(state, "color", t("Color"), COLOR_OPTIONS)),
        _if_given(
            state,
            "emoji",
            text_field(state, "emoji", t("Emoji"), hint=t("Shown instead of the letter."), max_length=16),
        ),
        class_name="two-fields",
    )


def _name_field(state: type[ProjectForm]) -> rx.Component:
    field = text_field(
        state,
        "name",
        t("Name"),
        required=True,
        max_length=NAME_LENGTH,
        on_change=as_handler(state.look_for_name).debounce(300),
    )
    return rx.el.div(field, rx.el.p(state.name_hint, class_name="cell-sub", role="status"))


def _if_given(state: type[ProjectForm], name: str, field: rx.Component) -> rx.Component:
    return rx.cond(as_var(state.form_values).contains(name), field)
