"""The command palette of every page: its button, the dialog, and the controls that its commands press."""

from typing import Any

import reflex as rx
from reflex.style import set_color_mode

from tca_app.core.schema import MAX_SEARCH
from tca_app.ui.components.basic import link, outside_link
from tca_app.ui.components.dialogs import DIALOG_TITLE
from tca_app.ui.components.faces import avatar, tile
from tca_app.ui.components.text import t
from tca_app.ui.layout.account_menu import MODES
from tca_app.ui.layout.keys import COMMAND_KEY
from tca_app.ui.layout.keys_dialog import key_caps
from tca_app.ui.palette.commands import DOCUMENTS, PUBLIC_PAGE, SIGN_OUT, theme_command
from tca_app.ui.palette.entries import GROUPS
from tca_app.ui.palette.state import Group, PaletteState, ShownEntry
from tca_app.ui.var import as_var

BOX = t("Type a command or search")
LIST = "palette-lines"
DEBOUNCE_MS = 80
# The paths of the records that the viewer opened last (assets/console/recents.js).
_RECENT = rx.Var("(document.documentElement.dataset.recent ?? '')", _var_type=str).to(str)
_TITLE_IDS = "palette-group"


def palette() -> rx.Component:
    """The button and the dialog. It opens without the server; the entries follow."""
    return rx.fragment(
        rx.dialog.root(
            rx.dialog.trigger(_opener()),
            rx.dialog.content(
                rx.el.div(_body(), custom_attrs={"data-palette": "", "data-found-for": PaletteState.found_for}),
                align="start",
                max_width="600px",
                padding="0",
                class_name="palette",
                custom_attrs={"aria-describedby": rx.Var("undefined")},
            ),
            on_open_change=lambda is_open: PaletteState.set_open(is_open, _RECENT),
        ),
        _controls(),
    )


def _opener() -> rx.Component:
    return rx.el.button(
        rx.icon("search", size=16, aria_hidden="true"),
        rx.el.span(t("Search"), class_name="hide-phone"),
        rx.el.span(key_caps(f"{COMMAND_KEY}+k"), class_name="hide-phone keys-hint", aria_hidden="true"),
        class_name="btn search-opener",
        type="button",
        aria_label=t("Search and commands"),
        aria_keyshortcuts="Control+K Meta+K",
        custom_attrs=_pressed_by("palette"),  # Ctrl+K (assets/console/palette.js)
    )


def _controls() -> rx.Component:
    """The hidden controls of commands that no page has."""
    return rx.el.div(
        *(
            rx.el.button(type="button", on_click=set_color_mode(mode), custom_attrs=_pressed_by(theme_command(mode)))
            for _, mode in MODES
        ),
        *(
            outside_link(t(label), url=url, custom_attrs=_pressed_by(url), tab_index=-1)
            for label, url in (DOCUMENTS | PUBLIC_PAGE).items()
        ),
        rx.el.button(type="button", custom_attrs={"data-action": "sign-out", **_pressed_by(SIGN_OUT)}),
        hidden=True,
    )


def _pressed_by(command: str) -> dict[str, str]:
    return {"data-command": command}


def _body() -> rx.Component:
    return rx.fragment(
        rx.dialog.title(t("Search and commands"), class_name="sr-only", custom_attrs=DIALOG_TITLE),
        rx.el.input(
            class_name="palette-input",
            placeholder=BOX,
            aria_label=BOX,
            auto_complete="off",
            spell_check=False,
            max_length=MAX_SEARCH,
            auto_focus=True,
            on_change=lambda text: PaletteState.look_up(text, _RECENT).debounce(DEBOUNCE_MS),
            role="combobox",
            aria_expanded=True,
            aria_autocomplete="list",
            aria_controls=LIST,
        ),
        rx.el.div(
            rx.el.div(
                rx.foreach(PaletteState.groups, _group),
                role="listbox",
                aria_label=t("Results"),
                class_name="palette-list",
                custom_attrs={"id": LIST},
            ),
            rx.cond(
                as_var(PaletteState.groups).length() == 0, rx.el.p(t("No results."), class_name="none", role="status")
            ),
            class_name="palette-results",
        ),
        rx.el.p(PaletteState.summary, class_name="sr-only", role="status"),
        rx.el.div(
            rx.el.span(t("{up} {down} move", up=rx.el.kbd("↑"), down=rx.el.kbd("↓"))),
            rx.el.span(t("{enter} open", enter=rx.el.kbd(t("Enter")))),
            rx.el.span(t("{esc} close", esc=rx.el.kbd(t("Esc")))),
            class_name="palette-foot hide-phone",
        ),
    )


def _group(group: Group, index: Any) -> rx.Component:
    title_id = f"{_TITLE_IDS}-{index}"
    return rx.el.div(
        rx.el.div(group["title"], class_name="palette-title", aria_hidden="true", custom_attrs={"id": title_id}),
        rx.foreach(
            as_var(group["entries"]).to(list[ShownEntry]), lambda entry, line: _line(entry, f"{title_id}-{line}")
        ),
        role="group",
        aria_labelledby=title_id,
        key=group["title"],
    )


def _line(entry: ShownEntry, line_id: Any) -> rx.Component:
    """A link for what opens a page, else a button. Both close the palette; a browser script does the rest."""
    content = (
        rx.match(
            entry["group"],
            ("Projects", tile(entry["mark"], "small")),
            ("People", avatar(entry["face"], "small")),
            *((group, rx.icon(icon, size=16, aria_hidden="true")) for group, icon in GROUPS.items()),
            rx.fragment(),
        ),
        rx.el.span(rx.foreach(as_var(entry["parts"]).to(list[str]), _part), class_name="truncate"),
        rx.cond(entry["detail"] != "", _detail(entry)),
    )
    attributes: dict[str, Any] = {
        "class_name": "palette-line",
        "role": "option",
        "tab_index": -1,
        "custom_attrs": {"id": line_id, "data-press": entry["press"], "data-fill": entry["fill"]},
    }
    return rx.cond(
        entry["url"] != "",
        rx.dialog.close(link(*content, to=entry["url"], **attributes)),
        rx.dialog.close(rx.el.button(*content, type="button", **attributes)),
    )


def _detail(entry: ShownEntry) -> rx.Component:
    """The detail, behind the mark of the project that it names."""
    names_it = (as_var(entry["mark"]["text"]).to(str) != "") & (as_var(entry["group"]).to(str) != "Projects")
    text = rx.el.span(entry["detail"], class_name="truncate")
    return rx.el.span(rx.cond(names_it, tile(entry["mark"], "small")), text, class_name="muted detail")


def _part(part: Any, index: Any) -> rx.Component:
    return rx.cond(as_var(index) % 2 == 1, rx.el.mark(part), rx.fragment(part))
