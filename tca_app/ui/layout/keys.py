"""The keyboard shortcuts: the only list, for the dialog that shows them and the script that runs them."""

import json
from typing import NamedTuple

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
    Shortcut((f"{COMMAND_KEY}+k",), "Search and commands", "palette"),
    Shortcut(("/",), "Search on this page", SEARCH),
    Shortcut(("?",), "Keyboard shortcuts", HELP),
    Shortcut(("Escape",), "Close", "close"),
)
ROWS = (
    Shortcut(("j", "ArrowDown"), "Next row", "next-row"),
    Shortcut(("k", "ArrowUp"), "Previous row", "previous-row"),
    Shortcut(("Enter",), "Open row", "open-row"),
    Shortcut(("x", " "), "Select row", "select-row"),
    Shortcut(("X",), "Select all rows up to this one", "select-row"),
    Shortcut(("e",), "Edit row", "edit-row"),
)
# The letter after "g", the page and its name; a page that the viewer does not have is not in their sidebar.
PAGES = (
    ("d", "Dashboard", routes.DASHBOARD),
    ("n", "Notifications", routes.NOTIFICATIONS),
    ("p", "Projects", routes.PROJECTS),
    ("e", "Environments", routes.ENVIRONMENTS),
    ("r", "Deployments", routes.DEPLOYMENTS),
    ("m", "DORA metrics", routes.DORA),
    ("s", "Status", routes.STATUS),
    ("a", "Activity", routes.ACTIVITY),
    ("u", "Users", routes.USERS),
    ("o", "Groups", routes.GROUPS),
    ("t", "API tokens", routes.ALL_TOKENS),
    ("w", "Webhooks", routes.WEBHOOKS),
    ("j", "Jobs", routes.JOBS),
    ("i", "Instance settings", routes.ADMIN),
    (",", "Settings", routes.SETTINGS),
)


def keys_for_script() -> str:
    """Returns the action of each key as JSON, and the path of each pair of keys such as "g d"."""
    actions = {key: shortcut.action for shortcut in (*GENERAL, *ROWS) for key in shortcut.keys}
    return json.dumps(actions | {f"{GO} {letter}": url for letter, _label, url in PAGES})
