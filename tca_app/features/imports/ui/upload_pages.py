"""The button "Import CSV" of a list, with the dialog that uploads the file."""

from typing import Any

import reflex as rx

from tca_app.core.language.messages import N_
from tca_app.features.imports.parsing import MAX_BYTES, MAX_ROWS
from tca_app.features.imports.schemas import Kind
from tca_app.features.imports.ui.upload_state import ImportUploadState
from tca_app.ui import routes
from tca_app.ui.components.basic import button, icon_button, link, outside_link, relative_time
from tca_app.ui.components.dialogs import CLOSES, DIALOG_TEXT, DIALOG_TITLE
from tca_app.ui.components.open_dialogs import is_open_here
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var

state = ImportUploadState
MEGABYTES = MAX_BYTES // 1024**2
# The browser reads what assets/console/import-upload.js was answered.
UPLOADED: rx.Var[int] = rx.Var(
    "Number(document.querySelector('form[data-import]')?.dataset.uploaded ?? 0)", _var_type=int
)


def import_button(kind: Kind, project_id: Any = 0) -> rx.Component:
    """The button and its dialog. `project_id` is that of the members."""
    return rx.fragment(
        icon_button(t("Import CSV"), "upload", "", on_click=state.open_upload(kind, project_id)),
        _dialog(kind, project_id),
    )


KINDS: dict[Kind, str] = {"users": N_("users"), "projects": N_("projects"), "members": N_("members")}


def _dialog(kind: Kind, project_id: Any) -> rx.Component:
    number = project_id.to(str) if isinstance(project_id, rx.Var) else str(project_id)
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(t("Import {kind}", kind=t(KINDS[kind])), custom_attrs=DIALOG_TITLE),
            rx.dialog.description(
                t(
                    "A CSV file in UTF-8 with at most {max_rows} rows and {megabytes} MB. A preview comes first.",
                    max_rows=f"{MAX_ROWS:,}",
                    megabytes=MEGABYTES,
                ),
                custom_attrs=DIALOG_TEXT,
            ),
            rx.el.form(
                rx.el.div(class_name="notice error", role="alert", hidden=True, custom_attrs={"data-form-error": ""}),
                _file_field(kind),
                _recent_imports(),
                rx.el.div(
                    button(t("Cancel"), on_click=state.close_upload(False), custom_attrs=CLOSES),
                    button(t("Upload"), kind="primary", type="submit"),
                    rx.el.button(
                        type="button",
                        hidden=True,
                        on_click=state.uploaded(UPLOADED),
                        custom_attrs={"data-uploaded-button": ""},
                    ),
                    class_name="dialog-foot",
                ),
                no_validate=True,
                class_name="dialog-form",
                custom_attrs={
                    "data-import": routes.API_IMPORTS,
                    "data-kind": kind,
                    "data-project": number,
                    "data-max-mb": str(MEGABYTES),
                },
            ),
            max_width="480px",
        ),
        open=is_open_here(state, state.is_choosing),
        on_open_change=state.close_upload,
    )


def _file_field(kind: Kind) -> rx.Component:
    template = f"{routes.API_IMPORTS}/template.csv?kind={kind}"
    return rx.el.div(
        rx.el.label(t("CSV file"), html_for="import-file"),
        rx.el.input(
            type="file",
            name="content",
            accept=".csv,text/csv",
            class_name="input file",
            aria_describedby="import-file-error import-file-hint",
            custom_attrs={"id": "import-file"},
        ),
        rx.el.span(
            id="import-file-error", class_name="field-error", role="alert", custom_attrs={"data-error-for": "content"}
        ),
        rx.el.span(
            t(
                "The columns are those of the CSV export. {template}",
                template=outside_link(t("Download template"), url=template, custom_attrs={"download": ""}),
            ),
            id="import-file-hint",
            class_name="hint",
        ),
        class_name="field",
    )


def _recent_imports() -> rx.Component:
    def line(row: Any) -> rx.Component:
        return rx.el.li(
            link(row["name"], to=row["url"], class_name="link truncate grow"),
            rx.el.span(row["state"], ", ", relative_time(row["at"]), class_name="muted nowrap"),
            class_name="row",
        )

    return rx.cond(
        as_var(state.recent).length() > 0,
        rx.el.div(
            rx.el.span(t("Recent imports"), class_name="legend"),
            rx.el.ul(rx.foreach(state.recent, line)),
            class_name="field",
        ),
    )
