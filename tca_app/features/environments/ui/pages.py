"""The environments and freeze windows in a project's settings."""

import reflex as rx

from tca_app.core.urls import MAX_URL
from tca_app.features.environments.tiers import TIER_LABELS
from tca_app.features.environments.ui.freeze_state import FreezeState
from tca_app.features.environments.ui.freezes_state import FreezeRow, FreezesState
from tca_app.features.environments.ui.state import EnvironmentRow, EnvironmentsState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import button, error_notice, icon_button, panel
from tca_app.ui.components.dialogs import confirm_dialog
from tca_app.ui.components.faces import with_face
from tca_app.ui.components.loading import or_failure
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.forms.choices import choice_field
from tca_app.ui.forms.fields import check_field, form_dialog, select_field, text_field
from tca_app.ui.record import at_its_url, is_at_its_url
from tca_app.ui.table.bulk_view import bulk_list
from tca_app.ui.table.grid import cut
from tca_app.ui.table.parts import download_link, plain_table
from tca_app.ui.table.selection.ticks import row_attrs, tick_cell
from tca_app.ui.var import as_var

state = EnvironmentsState
HEADS = ((t("Name"), "wide", "name"), (t("Tier"), "", "tier"), (t("Order"), "right num", "rank"), ("", "act"))
FREEZE_HEADS = (
    (t("Reason"), "wide", "why"),
    (t("Scope"), "wide", "environment"),
    (t("Time"), "", "starts_at"),
    (t("By"), "", "created_by"),
    ("", "act"),
)


def environment_settings() -> rx.Component:
    """The panels, for users who may change them. The services check the permission again."""
    shown = rx.fragment(
        panel(
            t("Environments"),
            or_failure(state, _environments()),
            actions=(
                rx.cond(as_var(state.environments).length() > 0, _download("environments", state.sort_query)),
                button(t("Add"), kind="small", icon="plus", on_click=state.open_create(state.project_id)),
            ),
            flush=True,
        ),
        panel(
            t("Freeze windows"),
            at_its_url(
                FreezesState,
                or_failure(FreezesState, _windows()),
                rx.el.div(skeleton_lines(1), class_name="panel-body"),
            ),
            actions=(
                rx.cond(as_var(FreezesState.rows).length() > 0, _download("freezes", FreezesState.sort_query)),
                button(t("Freeze"), kind="small", icon="snowflake", on_click=FreezeState.open_create(state.project_id)),
            ),
            flush=True,
        ),
        _environment_dialog(),
        _freeze_dialog(),
        _delete_dialog(),
        _lift_dialog(),
    )
    return at_its_url(state, shown, skeleton_lines(4))


def _download(name: str, query: rx.Var[str] | str) -> rx.Component:
    return download_link(f"{routes.API_PROJECTS}/{state.project_id}/{name}/export.csv", query)


def _environments() -> rx.Component:
    rows = rx.foreach(state.environments, _environment)
    nothing = empty_state(
        t("No environments yet"), t("Deployments need one, such as staging or production."), icon="server"
    )
    return rx.cond(
        as_var(state.environments).length() > 0,
        plain_table(t("Environments"), HEADS, rows, order=state),
        rx.cond(state.is_loaded, nothing, rx.el.div(skeleton_lines(2), class_name="panel-body")),
    )


def _environment(row: EnvironmentRow) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.div(
                cut(row["name"], "cell-title plain"),
                rx.cond(row["is_protected"], badge(t("Protected"), "", "shield")),
                rx.cond(row["allow_parallel"], badge(t("Concurrent"), "", "layers")),
                class_name="row",
            ),
            rx.cond(row["url"] != "", cut(row["url"], "cell-sub")),
            class_name="wide",
        ),
        rx.el.td(badge(row["tier"])),
        rx.el.td(row["rank"], class_name="right num"),
        rx.el.td(
            rx.el.div(
                icon_button(
                    t("Edit {name}", name=row["name"]),
                    "pencil",
                    "ghost small",
                    on_click=state.open_edit(state.project_id, row["id"]),
                    custom_attrs={"data-edit": ""},
                ),
                icon_button(
                    t("Delete {name}", name=row["name"]),
                    "trash-2",
                    "ghost small",
                    on_click=state.ask_delete(state.project_id, row["id"]),
                ),
                class_name="row tight",
                style={"flex_wrap": "nowrap", "justify_content": "flex-end"},
            ),
            class_name="act",
        ),
        **row_attrs(row),
        key=as_var(row["id"]).to(str),
    )


def _windows() -> rx.Component:
    rows = rx.foreach(FreezesState.rows, _window)
    return rx.cond(
        as_var(FreezesState.rows).length() > 0,
        bulk_list(
            FreezesState,
            plain_table(t("Freeze windows"), FREEZE_HEADS, rows, order=FreezesState, selects=FreezesState),
        ),
        rx.el.p(t("No freeze windows."), class_name="panel-body muted"),
    )


def _window(window: FreezeRow) -> rx.Component:
    lift = button(t("Lift"), kind="small", on_click=FreezesState.ask_lift(FreezesState.project_id, window["id"]))
    return rx.el.tr(
        tick_cell(FreezesState, window, window["why"]),
        rx.el.td(rx.el.span(window["why"], class_name="cell-title plain two-lines"), class_name="wide"),
        rx.el.td(cut(window["where"]), class_name="wide"),
        rx.el.td(window["when"], class_name="span-of-time"),
        rx.el.td(rx.cond(window["who"] != "", with_face(window["face"], cut(window["who"])))),
        rx.el.td(lift, class_name="act"),
        key=as_var(window["id"]).to(str),
        **row_attrs(window, FreezesState),
    )


def _environment_dialog() -> rx.Component:
    return form_dialog(
        state,
        title=rx.cond(
            state.form_shows == "create", t("New environment"), t("Edit {form_name}", form_name=state.form_name)
        ),
        submit=rx.cond(state.form_shows == "create", t("Create"), t("Save")),
        on_submit=state.save,
        fields=[
            text_field(state, "name", t("Name"), required=True, max_length=50),
            text_field(state, "url", "URL", type_="url", hint=t("Public URL of this environment."), max_length=MAX_URL),
            _tier_field(),
            text_field(
                state, "rank", t("Order"), required=True, hint=t("0 is the first stage of the pipeline."), max_length=4
            ),
            check_field(state, "is_protected", t("Protected"), hint=t("Deployments need approval by a maintainer.")),
            check_field(state, "allow_parallel", t("Allow concurrent deployments")),
        ],
    )


def _tier_field() -> rx.Component:
    """The tier. For a new environment it can be guessed from the name."""
    tiers = tuple(TIER_LABELS.items())
    hint = t("DORA metrics use the environments with the tier Production.")
    return rx.cond(
        state.form_shows == "create",
        select_field(state, "tier", t("Tier"), (("", t("Detect from the name")), *tiers), hint=hint, required=False),
        select_field(state, "tier", t("Tier"), tiers, hint=hint),
    )


def _freeze_dialog() -> rx.Component:
    return form_dialog(
        FreezeState,
        title=t("Freeze deployments"),
        text=t("Blocks new deployments. Administrators can override with a reason."),
        submit=t("Freeze"),
        on_submit=FreezeState.save,
        fields=[
            choice_field(FreezeState, "environment_id", t("Scope"), FreezeState.environment_options),
            _time_field("starts_at", t("From")),
            _time_field("ends_at", t("Until")),
            text_field(FreezeState, "why", t("Reason"), required=True, max_length=500),
        ],
    )


def _time_field(name: str, label: str) -> rx.Component:
    hint = rx.el.span(t("Time zone: {zone_text}", zone_text=FreezeState.zone_text))
    return text_field(FreezeState, name, label, type_="datetime-local", required=True, hint=hint)


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(state) & (state.removed_id > 0),
        title=rx.el.span(t("Delete {delete_name}?", delete_name=state.removed_name)),
        text=t("New deployments are no longer possible. Its history is kept."),
        confirm=t("Delete"),
        on_confirm=state.delete,
        on_cancel=state.cancel_remove(),
        busy=state.is_acting,
        body=error_notice(state.remove_error),
    )


def _lift_dialog() -> rx.Component:
    return confirm_dialog(
        open_=is_at_its_url(FreezesState) & (FreezesState.removed_id > 0),
        title=rx.el.span(t("Lift {name}?", name=FreezesState.removed_name)),
        text=FreezesState.lift_text,
        confirm=t("Lift freeze"),
        on_confirm=FreezesState.lift,
        on_cancel=FreezesState.cancel_remove(),
        busy=FreezesState.is_acting,
        body=error_notice(FreezesState.remove_error),
    )
