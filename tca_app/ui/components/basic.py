"""Basic components of every page: links, headers, buttons, panels, times."""

from pathlib import Path
from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from tca_app.ui.components.text import shown, t

Child = Any  # text, a component, or a Reflex var of either
ICONS = Path(__file__).resolve().parents[3] / "assets/icons.css"
GLYPHS = frozenset(
    line.split()[0].removeprefix(".glyph-") for line in ICONS.read_text().splitlines() if line.startswith(".glyph-")
)


def link(*children: Child, to: Any, class_name: Any = "link", **props: Any) -> rx.Component:
    """A link inside the console, without a page load."""
    return ReactRouterLink.create(*children, to=to, class_name=class_name, **props)


def outside_link(*children: Child, url: Any, class_name: Any = "link", **props: Any) -> rx.Component:
    """A link that the browser follows by itself, to what is no page of the console."""
    return link(*children, to=url, class_name=class_name, reload_document=True, **props)


def name_or_link(name: Any, url: Any) -> rx.Component:
    """The name of a row's subject, as a link when `url` is not empty."""
    return rx.cond(
        url != "",
        link(name, to=url, class_name="cell-title truncate"),
        rx.el.span(name, class_name="cell-title plain truncate"),
    )


def page_header(title: Child, lead: Child = "", *actions: rx.Component) -> rx.Component:
    """The h1 of a page, with an optional sentence below and the page's main actions beside it."""
    return rx.el.header(
        rx.el.div(rx.el.h1(title), rx.el.p(lead) if lead is not None else None, class_name="titles"),
        rx.el.div(*actions, class_name="actions") if actions else None,
        class_name="page-head",
    )


def list_header(state: Any, title: Child, lead: Child, *actions: rx.Component) -> rx.Component:
    """The header of a list that has a trash: in the trash it says so and leaves the actions out."""
    is_trash = state.is_trash
    return page_header(
        rx.cond(is_trash, t("Trash"), title),
        rx.cond(is_trash, state.trash_text, lead),
        *(rx.cond(is_trash, rx.fragment(), action) for action in actions),
    )


def button(
    *children: Child, kind: str | rx.Var[str] = "", icon: str = "", busy: rx.Var[bool] | bool = False, **props: Any
) -> rx.Component:
    """A button. `kind`: primary, danger, danger-quiet, ghost, small. `busy` disables it and shows a spinner."""
    attributes: dict[str, Any] = {"type": "button", **props}
    if isinstance(busy, rx.Var):
        disabled = attributes.get("disabled", False)
        if disabled is not True:
            attributes["disabled"] = busy | disabled if isinstance(disabled, rx.Var) else busy
        attributes["custom_attrs"] = {
            **attributes.get("custom_attrs", {}),
            "data-loading": rx.cond(busy, "", rx.Var("undefined")),
        }
        attributes["aria_busy"] = busy
    return rx.el.button(
        rx.el.span(class_name="spinner", aria_hidden="true"),
        rx.el.span(rx.icon(icon, size=16, aria_hidden="true"), class_name="btn-icon") if icon else None,
        *children,
        class_name=f"btn {kind}".strip(),
        **attributes,
    )


def glyph(name: str | rx.Var[str], tone: Any = "") -> rx.Component:
    """An icon that assets/icons.css draws, for what may stand in every row: one element. With `rx.icon` it is five."""
    if isinstance(name, str) and name not in GLYPHS:
        raise ValueError(f"assets/icons.css has no {name}")
    return rx.el.span(class_name=f"glyph glyph-{name} {tone}".strip(), aria_hidden="true")


def icon_button(label: str, icon: str, kind: str = "ghost", **props: Any) -> rx.Component:
    """A button with only an icon. `label` is its accessible name and its tooltip."""
    return rx.el.button(
        glyph(icon),
        class_name=f"btn icon {kind}".strip(),
        **{"type": "button", "aria_label": label, "title": label, **props},
    )


def select_box(*options: rx.Component | None, kind: str = "", **props: Any) -> rx.Component:
    """The browser's own select, for one of a few fixed values. It looks alike everywhere; `kind`: compact.

    Of many values, such as projects or environments, people choose with a `choice_field`, and people with the picker.
    """
    return rx.el.select(*options, class_name=f"select {kind}".strip(), **props)


def relative_time(iso: Any, empty: str = t("Never")) -> rx.Component:
    """ "3 hours ago", with the exact local time on hover. `iso` is ISO 8601 with a time zone; "" shows `empty`."""
    time = rx.el.time(iso, date_time=iso, custom_attrs={"data-relative": ""}, class_name="num")
    if isinstance(iso, rx.Var):
        return rx.cond(iso, time, rx.el.span(empty, class_name="muted"))
    return time if iso else rx.el.span(empty, class_name="muted")


def panel(title: Child, *children: Child, actions: tuple[rx.Component, ...] = (), flush: bool = False) -> rx.Component:
    """A titled box. `flush` removes the padding, for a table or list."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title), *actions, class_name="panel-head"),
        *children if flush else (rx.el.div(*children, class_name="panel-body"),),
        class_name="panel",
    )


def setting(
    title: Child,
    about: Child,
    *children: Child,
    actions: tuple[rx.Component, ...] = (),
    flush: bool = False,
    anchor: str = "",
) -> rx.Component:
    """A section of a settings page: its title with a sentence below, and beside them a box with the fields.

    `actions` are at the foot of the box. On a phone one is below the other. `flush` removes the padding of the box.
    A URL with "#" and the `anchor` leads to the section.
    """
    target: dict[str, Any] = {"custom_attrs": {"id": anchor, "data-target": ""}, "tab_index": -1} if anchor else {}
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title),
            rx.el.p(about, class_name="muted"),
            class_name="setting-about",
        ),
        rx.el.div(
            *children if flush else (rx.el.div(*children, class_name="panel-body"),),
            rx.el.div(*actions, class_name="panel-foot") if actions else None,
            class_name="panel setting-box",
        ),
        class_name="setting",
        **target,
    )


def tabs(*entries: tuple[str, Any, Any]) -> rx.Component:
    """Tabs as links, so that back, reload and sharing keep them: (label, url, is_current)."""
    return rx.el.nav(
        *(
            link(shown(label), to=url, class_name="", custom_attrs={"aria-current": rx.cond(current, "page", "false")})
            for label, url, current in entries
        ),
        class_name="tabs",
        aria_label=t("Sections"),
    )


def facts(*entries: tuple[str, Child]) -> rx.Component:
    """Label and value pairs."""
    pairs = ((rx.el.dt(label), rx.el.dd(value)) for label, value in entries)
    return rx.el.dl(*(part for pair in pairs for part in pair), class_name="facts")


def error_notice(text: rx.Var[str] | str) -> rx.Component:
    """An error that belongs to no field. Nothing is shown without one."""
    return rx.cond(text != "", rx.el.div(text, class_name="notice error", role="alert"))
