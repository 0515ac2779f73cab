"""The menu "Views" of a list, and the pinned views in the sidebar."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import button, icon_button, link
from tca_app.ui.components.text import t
from tca_app.ui.saved_views.state import SavedViewsState, ViewRow
from tca_app.ui.var import as_var

MAX_NAME = 60
state = SavedViewsState


def views_menu() -> rx.Component:
    """The menu that opens, saves, changes, pins and deletes views of the list of this page."""
    return rx.popover.root(
        rx.popover.trigger(icon_button(t("Saved views"), "bookmark", "")),
        rx.popover.content(
            rx.cond(
                as_var(state.list_views).length() > 0,
                rx.el.ul(rx.foreach(state.list_views, _line)),
                rx.el.p(t("No saved views."), class_name="muted"),
            ),
            rx.cond(state.changed_view > 0, _save_changes()),
            _save_form(),
            align="end",
            class_name="filter-menu",
            aria_label=t("Saved views"),
        ),
        on_open_change=state.open_menu,
    )


def _line(view: ViewRow) -> rx.Component:
    return rx.el.li(
        rx.cond(state.renamed_view == view["id"], _rename_form(view), _link_line(view)),
        class_name="view-line",
    )


def _link_line(view: ViewRow) -> rx.Component:
    return rx.fragment(
        rx.popover.close(
            link(
                view["name"],
                to=view["url"],
                class_name="grow truncate",
                title=view["name"],
                custom_attrs={"aria-current": rx.cond(state.open_view == view["id"], "true", "false")},
            )
        ),
        rx.cond(view["is_shared"], rx.el.span(t("Shared"), class_name="muted")),
        rx.cond(
            view["can_change"],
            rx.fragment(
                rx.el.button(
                    rx.icon("pin", size=16, aria_hidden="true"),
                    type="button",
                    class_name="btn icon ghost",
                    title=t("Show in the sidebar"),
                    aria_label=t("Show {name} in the sidebar", name=view["name"]),
                    aria_pressed=rx.cond(view["is_pinned"], "true", "false"),
                    on_click=state.pin(view["id"], ~as_var(view["is_pinned"]).to(bool)),
                ),
                icon_button(t("Rename {name}", name=view["name"]), "pencil", on_click=state.edit_name(view["id"])),
                icon_button(t("Delete {name}", name=view["name"]), "trash-2", on_click=state.delete(view["id"])),
            ),
        ),
    )


def _name_field(kind: str, label: str, error: rx.Var[str] | str, *beside: rx.Component, **props: Any) -> rx.Component:
    """The name, with its error below. `kind` separates the field of a new view from that of a rename."""
    field = rx.el.input(
        name="name",
        class_name="input grow",
        aria_label=label,
        aria_required=True,
        aria_invalid=as_var(error) != "",
        aria_describedby=f"{kind}-error",
        placeholder=t("Name"),
        max_length=MAX_NAME,
        auto_complete="off",
        custom_attrs={"id": kind},
        **props,
    )
    shown_error = rx.el.span(error, class_name="field-error", role="alert", custom_attrs={"id": f"{kind}-error"})
    return rx.el.div(rx.el.div(field, *beside, class_name="row"), shown_error, class_name="field grow")


def _form(*fields: rx.Component, **props: Any) -> rx.Component:
    sent = {"data-round": as_var(state.views_sent).to(str)}
    return rx.el.form(*fields, no_validate=True, custom_attrs=sent, **props)


def _rename_form(view: ViewRow) -> rx.Component:
    return _form(
        rx.el.input(type="hidden", name="id", value=as_var(view["id"]).to(str), read_only=True),
        _name_field(
            "renamed-view",
            t("Name of the view"),
            state.rename_error,
            button(t("Rename"), type="submit"),
            default_value=view["name"],
            auto_focus=True,
        ),
        on_submit=state.rename,
        class_name="row grow",
    )


def _save_changes() -> rx.Component:
    text = t("Save changes to {name}", name=state.changed_name)
    return rx.popover.close(
        button(
            rx.el.span(text, class_name="truncate"),
            kind="primary",
            title=text,
            on_click=state.save_changes(state.changed_view),
        )
    )


def _save_form() -> rx.Component:
    return _form(
        _name_field("new-view", t("Name of the new view"), state.save_error),
        _checkbox("pinned", t("Show in the sidebar")),
        rx.cond(state.is_superuser, _checkbox("shared", t("Share with everybody"))),
        rx.cond(
            state.open_view > 0,
            button(t("Save as new view"), type="submit"),
            button(t("Save view"), kind="primary", type="submit"),
        ),
        on_submit=state.save,
        key=as_var(state.views_round).to(str),
        class_name="stack",
    )


def _checkbox(name: str, label: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=name, class_name="checkbox"), rx.el.span(label), class_name="check"
    )


def pinned_views() -> rx.Component:
    """The section of the sidebar with the pinned views."""
    return rx.cond(
        as_var(state.pinned_views).length() > 0,
        rx.fragment(
            rx.el.p(rx.el.span(t("Views"), class_name="label"), class_name="nav-title"),
            rx.foreach(state.pinned_views, _nav_link),
        ),
    )


def _nav_link(view: ViewRow) -> rx.Component:
    return link(
        rx.icon("bookmark", size=16, aria_hidden="true"),
        rx.el.span(view["name"], class_name="label truncate"),
        to=view["url"],
        class_name="",
        title=view["name"],
    )
