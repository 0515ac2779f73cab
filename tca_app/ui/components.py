"""Basic components of every page: headers, states, buttons, badges, times, confirmations."""

from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from tca_app.ui import routes

# Radix renders a dialog's title as an h1 by default, but a page already has its h1.
DIALOG_TITLE = {"as": "h2", "size": "4", "mb": "1"}
DIALOG_TEXT = {"size": "2", "color": "gray"}

Child = Any  # text, a component, or a Reflex var of either


def link(*children: Child, to: Any, class_name: Any = "link", **props: Any) -> rx.Component:
    """A link inside the console, without a page load."""
    return ReactRouterLink.create(*children, to=to, class_name=class_name, **props)


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


def button(
    *children: Child, kind: str = "", icon: str = "", busy: rx.Var[bool] | bool = False, **props: Any
) -> rx.Component:
    """A button. `kind`: primary, danger, danger-quiet, ghost, small. `busy` disables it and shows a spinner."""
    attributes: dict[str, Any] = {"type": "button", **props}
    if isinstance(busy, rx.Var):
        disabled = attributes.get("disabled", False)
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


def icon_button(label: str, icon: str, kind: str = "ghost", **props: Any) -> rx.Component:
    """A button with only an icon. `label` is its accessible name and its tooltip."""
    return rx.el.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        class_name=f"btn icon {kind}".strip(),
        **{"type": "button", "aria_label": label, "title": label, **props},
    )


def relative_time(iso: Any, empty: str = "Never") -> rx.Component:
    """ "3 hours ago", with the exact local time on hover. `iso` is ISO 8601 with a time zone; "" shows `empty`."""
    time = rx.el.time(iso, date_time=iso, custom_attrs={"data-relative": ""}, class_name="num")
    if isinstance(iso, rx.Var):
        return rx.cond(iso, time, rx.el.span(empty, class_name="muted"))
    return time if iso else rx.el.span(empty, class_name="muted")


def badge(label: Child, tone: str = "", icon: str = "") -> rx.Component:
    """A status: always a word, with an icon beside the colour. `tone`: "", good, warn, bad or info."""
    return rx.el.span(
        rx.icon(icon, size=12, aria_hidden="true") if icon else None, label, class_name=f"badge {tone}".strip()
    )


def active_badge(is_active: Any) -> rx.Component:
    return rx.cond(is_active, badge("Active", "good", "circle-check"), badge("Inactive", "", "circle-off"))


def role_badge(is_superuser: Any) -> rx.Component:
    return rx.cond(is_superuser, badge("Admin", "info", "shield"), badge("Member", "", "user"))


def project_status_badge(status: Any) -> rx.Component:
    """The badge of the statuses active, paused and archived."""
    return rx.match(
        status,
        ("active", badge("Active", "good", "circle-check")),
        ("paused", badge("Paused", "warn", "circle-pause")),
        ("archived", badge("Archived", "", "archive")),
        badge(status),
    )


def avatar(initials: Any) -> rx.Component:
    return rx.el.span(initials, class_name="avatar", aria_hidden="true")


def panel(title: Child, *children: Child, actions: tuple[rx.Component, ...] = (), flush: bool = False) -> rx.Component:
    """A titled box. `flush` removes the padding, for a table or list."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title), *actions, class_name="panel-head"),
        *children if flush else (rx.el.div(*children, class_name="panel-body"),),
        class_name="panel",
    )


def empty_state(title: str, text: str, *actions: rx.Component, icon: str = "inbox") -> rx.Component:
    """The placeholder of an empty list. It says what to do next."""
    return rx.el.div(
        rx.icon(icon, aria_hidden="true"),
        rx.el.h2(title),
        rx.el.p(text),
        rx.el.div(*actions, class_name="row") if actions else None,
        class_name="blank-state",
    )


def error_state(text: Child, retry: Any) -> rx.Component:
    """The reason of a failure, and a button that runs `retry`."""
    return rx.el.div(
        rx.icon("triangle-alert", aria_hidden="true"),
        rx.el.h2("Loading failed"),
        rx.el.p(text),
        button("Try again", icon="rotate-cw", on_click=retry),
        class_name="blank-state",
        role="alert",
    )


def skeleton(width: str = "100%") -> rx.Component:
    return rx.el.span(class_name="skeleton", style={"width": width}, aria_hidden="true")


def skeleton_lines(count: int = 3) -> rx.Component:
    """The placeholder of a panel that is loading."""
    widths = ("72%", "54%", "63%", "40%")
    return rx.el.div(*(skeleton(widths[i % 4]) for i in range(count)), class_name="stack", aria_busy="true")


def tabs(*entries: tuple[str, Any, Any]) -> rx.Component:
    """Tabs as links, so that back, reload and sharing keep them: (label, url, is_current)."""
    return rx.el.nav(
        *(
            link(label, to=url, class_name="", custom_attrs={"aria-current": rx.cond(current, "page", "false")})
            for label, url, current in entries
        ),
        class_name="tabs",
        aria_label="Sections",
    )


def facts(*entries: tuple[str, Child]) -> rx.Component:
    """Label and value pairs."""
    pairs = ((rx.el.dt(label), rx.el.dd(value)) for label, value in entries)
    return rx.el.dl(*(part for pair in pairs for part in pair), class_name="facts")


def center_page(title: str, text: str, *actions: rx.Component, code: str = "") -> rx.Component:
    """A page with only a message, such as 403 and 404."""
    return rx.el.div(
        rx.el.div(
            rx.el.p(code, class_name="code") if code else None,
            rx.el.h1(title),
            rx.el.p(text),
            rx.el.div(*actions, class_name="row", style={"justify_content": "center"}),
            class_name="stack",
        ),
        class_name="center-page",
    )


def forbidden() -> rx.Component:
    return center_page(
        "You do not have permission",
        "This page is for administrators. Ask one of them for access.",
        button("Go back", custom_attrs={"data-action": "back"}),
        link("Dashboard", to=routes.DASHBOARD, class_name="btn primary"),
        code="403",
    )


def not_found() -> rx.Component:
    return center_page(
        "Page not found",
        "The URL may be wrong, the page may be gone, or you do not have access.",
        button("Go back", custom_attrs={"data-action": "back"}),
        link("Dashboard", to=routes.DASHBOARD, class_name="btn primary"),
        code="404",
    )


def outage() -> rx.Component:
    return center_page(
        "The console cannot reach its database or Redis",
        "What you typed is kept in this browser. The page reloads as soon as the database responds.",
        button("Try again", kind="primary", icon="rotate-cw", custom_attrs={"data-action": "reload"}),
        code="503",
    )


def crashed() -> rx.Component:
    """The fallback of the error boundary, when a page cannot be rendered."""
    return center_page(
        "This page could not be displayed",
        "Something went wrong in the browser. Reload the page. If it happens again, contact an administrator.",
        button("Try again", kind="primary", custom_attrs={"data-action": "reload"}),
        rx.el.a("Dashboard", href=routes.DASHBOARD, class_name="btn"),
        code="ERROR",
    )


def error_notice(text: rx.Var[str]) -> rx.Component:
    """An error that belongs to no field. Nothing is shown without one."""
    return rx.cond(text != "", rx.el.div(text, class_name="notice error", role="alert"))


def confirm_dialog(
    *,
    open_: rx.Var[bool],
    title: Child,
    text: Child,
    confirm: str,
    on_confirm: Any,
    on_cancel: Any,
    busy: rx.Var[bool] | bool = False,
    blocked: rx.Var[bool] | bool = False,
    body: rx.Component | None = None,
    type_name: Any = None,
    kind: str = "danger",
    draft: Any = "",
) -> rx.Component:
    """Asks for confirmation of an action. `kind` is "primary" when the action destroys nothing.

    `body` may contain more fields, such as the new owner, or say why the action is `blocked`; `draft` is `draft_of`.

    With `type_name` the user must type that name: the browser checks it with the field's pattern, and the handler gets
    the form as `dict[str, str]` and must compare `form["confirm_name"]` again.
    """
    typed = _type_name_field(type_name) if type_name is not None else None
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title(title, custom_attrs=DIALOG_TITLE),
            rx.alert_dialog.description(text, custom_attrs=DIALOG_TEXT),
            rx.el.form(
                body,
                typed,
                rx.el.div(
                    # Radix focuses its own Cancel when the dialog opens; without one the focus stays outside.
                    rx.alert_dialog.cancel(button("Cancel", disabled=busy)),
                    button(confirm, kind=kind, busy=busy, disabled=blocked, type="submit"),
                    class_name="dialog-foot",
                ),
                on_submit=on_confirm,
                class_name="stack",
                custom_attrs={"data-draft": draft},
            ),
            max_width="440px",
        ),
        open=open_,
        on_open_change=on_cancel,
    )


def _type_name_field(name: Any) -> rx.Component:
    return rx.el.div(
        rx.el.label("Type ", rx.el.strong(name), " to confirm", html_for="confirm_name"),
        rx.el.input(
            custom_attrs={"id": "confirm_name"},
            name="confirm_name",
            class_name="input",
            required=True,
            auto_complete="off",
            pattern=_literal_pattern(name),
            title="Enter the name exactly as shown",
        ),
        class_name="field",
        style={"margin_top": "12px"},
    )


def _literal_pattern(name: Any) -> rx.Var[str]:
    """A pattern that matches exactly `name`. Browsers refuse an escaped hyphen or slash here."""
    text = rx.Var.create(name)
    return rx.Var(
        f"String({text!s}).replace(/[\\\\^$.*+?()[\\]{{}}|]/g, '\\\\$&')",
        _var_type=str,
        _var_data=text._get_all_var_data(),
    ).to(str)
