"""The account menu of the top bar, and the choice of the theme."""

from typing import Literal

import reflex as rx
from reflex.style import color_mode, set_color_mode

from tca_app.core.language.messages import N_
from tca_app.ui import routes
from tca_app.ui.components.basic import link
from tca_app.ui.components.faces import avatar
from tca_app.ui.components.menus import menu
from tca_app.ui.components.text import t
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

Mode = Literal["light", "dark", "system"]
MODES: tuple[tuple[str, Mode], ...] = (
    (N_("Light theme"), "light"),
    (N_("Dark theme"), "dark"),
    (N_("System theme"), "system"),
)
_SHORT: dict[Mode, str] = {"light": t("Light"), "dark": t("Dark"), "system": t("System")}


def account_menu() -> rx.Component:
    return menu(
        lambda: rx.el.button(
            avatar(as_var(SessionState.face)), class_name="btn icon ghost", type="button", aria_label=t("Account")
        ),
        rx.el.div(
            rx.el.div(SessionState.display_name, class_name="truncate", style={"font_weight": "500"}),
            rx.el.div(SessionState.username, class_name="cell-sub truncate"),
            style={"padding": "6px 12px 8px", "max_width": "240px"},
        ),
        rx.menu.separator(),
        rx.menu.item(link(t("Settings"), to=routes.SETTINGS, class_name=""), as_child=True),
        rx.menu.separator(),
        *(_theme_item(label, mode) for label, mode in MODES),
        rx.menu.separator(),
        rx.menu.item(t("Sign out"), custom_attrs={"data-action": "sign-out"}),
    )


def _theme_item(label: str, mode: Mode) -> rx.Component:
    is_chosen = color_mode == mode
    return rx.menu.item(
        t(label),
        rx.cond(is_chosen, rx.icon("check", size=14, aria_label=t("chosen")), None),
        on_click=set_color_mode(mode),
    )


def theme_choice() -> rx.Component:
    """The choice between the light, the dark and the system's theme, stored by the browser."""
    return rx.el.div(
        *(
            rx.el.button(
                _SHORT[mode],
                type="button",
                on_click=set_color_mode(mode),
                custom_attrs={"aria-pressed": rx.cond(color_mode == mode, "true", "false")},
            )
            for _label, mode in MODES
        ),
        class_name="segments",
        role="group",
        aria_label=t("Theme"),
    )
