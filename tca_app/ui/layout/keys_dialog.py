"""The dialog with all keyboard shortcuts, and what the script of the shortcuts reads on every page."""

import reflex as rx

from tca_app.ui.components.basic import link
from tca_app.ui.components.dialogs import DIALOG_TITLE
from tca_app.ui.components.text import t
from tca_app.ui.layout.keys import COMMAND_KEY, GENERAL, GO, HELP, PAGES, ROWS, TICKS, keys_for_script
from tca_app.ui.layout.navigation import NAVIGATION
from tca_app.ui.session import SessionState
from tca_app.ui.var import as_var

_NAMES = {"ArrowDown": "↓", "ArrowUp": "↑", " ": t("Space"), "X": t("Shift x"), "Escape": t("Esc")}
_PERMISSIONS = {url: permission for _label, url, _icon, permission in NAVIGATION}


def keys_dialog() -> rx.Component:
    """The dialog. `?` and the help menu press its hidden button."""
    return rx.fragment(
        rx.dialog.root(
            rx.dialog.trigger(rx.el.button(type="button", hidden=True, custom_attrs={"data-command": HELP})),
            rx.dialog.content(
                rx.dialog.title(t("Keyboard shortcuts"), custom_attrs=DIALOG_TITLE),
                rx.el.div(
                    rx.el.div(
                        _section(t("General"), *(_line(one.label, *one.keys) for one in GENERAL)),
                        _section(t("Lists"), *(_line(one.label, *one.keys) for one in ROWS)),
                        _section(t("Lists with checkboxes"), *(_line(one.label, *one.keys) for one in TICKS)),
                    ),
                    _section(t("Go to"), *(_page(letter, label, url) for letter, label, url in PAGES)),
                    class_name="keys",
                ),
                rx.el.div(
                    rx.dialog.close(rx.el.button(t("Close"), type="button", class_name="btn")), class_name="dialog-foot"
                ),
                max_width="640px",
                custom_attrs={"aria-describedby": rx.Var("undefined")},
            ),
        ),
        _for_the_script(),
    )


def key_caps(key: str) -> rx.Component:
    """A key as people know it. "Mod+k" is Ctrl and K, or ⌘ and K on a Mac."""
    modifier, _, rest = key.rpartition("+")
    if modifier == COMMAND_KEY:
        return rx.el.kbd(
            rx.el.span("⌘", class_name="on-mac"), rx.el.span(t("Ctrl"), class_name="off-mac"), f" {rest.upper()}"
        )
    return rx.el.kbd(_NAMES.get(key, key))


def _section(title: str, *lines: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h3(title), rx.el.dl(*lines))


def _page(letter: str, label: str, url: str) -> rx.Component:
    permission = _PERMISSIONS.get(url, "signed_in")
    line = _line(label, GO, letter, joint=t(" then "))
    return line if permission == "signed_in" else rx.cond(as_var(SessionState.grants).contains(permission), line)


def _line(label: str, *keys: str, joint: str = t(" or ")) -> rx.Component:
    caps = [part for key in keys for part in (rx.el.span(joint, class_name="muted"), key_caps(key))]
    return rx.el.div(rx.el.dt(t(label)), rx.el.dd(*caps[1:]))


def _for_the_script() -> rx.Component:
    """The list of keys, and links to pages that are not in the sidebar."""
    others = [(label, url) for _letter, label, url in PAGES if url not in _PERMISSIONS]
    return rx.el.div(
        *(link(t(label), to=url, tab_index=-1) for label, url in others),
        hidden=True,
        custom_attrs={"data-keys": keys_for_script()},
    )
