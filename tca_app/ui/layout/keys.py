"""The keyboard shortcuts: the only list, for the dialog that shows them and the script that runs them."""

import json
from typing import NamedTuple

from tca_app.core.language.messages import N_
from tca_app.ui import routes

SEARCH, HELP = "search", "keyboard-shortcuts"
COMMAND_KEY = "Mod"  # Ctrl, or the command key on a Mac
GO = "g"


class Shortcut(NamedTuple):
    """What keys do, by names of the browser (`KeyboardEvent.key`). `action` is its name in the script."""

    keys: tuple[str, ...]
    label: str
    action: str


GENERAL = (
    Shortcut((f"{COMMAND_KEY}+k",), N_("Search and commands"), "palette"),
    Shortcut(("/",), N_("Search on this page"), SEARCH),
    Shortcut(("?",), N_("Keyboard shortcuts"), HELP),
    Shortcut(("Escape",), N_("Close"), "close"),
)
ROWS = (
    Shortcut(("j", "ArrowDown"), N_("Next row"), "next-row"),
    Shortcut(("k", "ArrowUp"), N_("Previous row"), "previous-row"),
    Shortcut(("Enter",), N_("Open row"), "open-row"),
    Shortcut(("e",), N_("Edit row, where it can be edited"), "edit-row"),
)
TICKS = (
    Shortcut(("x", " "), N_("Select row"), "select-row"),
    Shortcut(("X",), N_("Select all rows up to this one"), "select-row"),
)
# The letter after "g", the page and its name; a page that the viewer does not have is not in their sidebar.
PAGES = (
    ("d", N_("Dashboard"), routes.DASHBOARD),
    ("n", N_("Notifications"), routes.NOTIFICATIONS),
    ("p", N_("Projects"), routes.PROJECTS),
    ("e", N_("Environments"), routes.ENVIRONMENTS),
    ("r", N_("Deployments"), routes.DEPLOYMENTS),
    ("m", N_("DORA metrics"), routes.DORA),
    ("s", N_("Status"), routes.STATUS),
    ("a", N_("Activity"), routes.ACTIVITY),
    ("u", N_("Users"), routes.USERS),
    ("o", N_("Groups"), routes.GROUPS),
    ("t", N_("API tokens"), routes.ALL_TOKENS),
    ("w", N_("Webhooks"), routes.WEBHOOKS),
    ("j", N_("Jobs"), routes.JOBS),
    ("i", N_("Instance settings"), routes.ADMIN),
    (",", N_("Settings"), routes.SETTINGS),
)


def keys_for_script() -> str:
    """Returns the action of each key as JSON, and the path of each pair of keys such as "g d"."""
    actions = {key: shortcut.action for shortcut in (*GENERAL, *ROWS, *TICKS) for key in shortcut.keys}
    return json.dumps(actions | {f"{GO} {letter}": url for letter, _label, url in PAGES})
