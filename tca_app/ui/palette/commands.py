"""The commands of the palette that belong to no feature: the pages, the theme, and signing out."""

from tca_app.ui import routes
from tca_app.ui.layout.account_menu import MODES
from tca_app.ui.layout.keys import HELP
from tca_app.ui.layout.navigation import NAVIGATION
from tca_app.ui.palette.entries import Command, entry

SIGN_OUT = "sign-out"
# Pages of the server: the browser loads them, so a hidden link is pressed.
DOCUMENTS = {"Documentation": routes.GUIDE, "API reference": routes.API_DOCS, "Changelog": routes.CHANGELOG}


def theme_command(mode: str) -> str:
    """Returns the `data-command` of the control that chooses a theme."""
    return f"theme-{mode}"


COMMANDS = (
    *(Command("Pages", entry(label, url=url), permission) for label, url, _icon, permission in NAVIGATION),
    *(
        Command("Actions", entry(f"{label} theme", press=theme_command(mode)), words="Switch theme appearance mode")
        for label, mode in MODES
    ),
    Command("Pages", entry("Environments", url=routes.ENVIRONMENTS), words="What runs where versions matrix"),
    *(Command("Pages", entry(label, press=url), words="Help guide manual docs") for label, url in DOCUMENTS.items()),
    Command("Actions", entry("Keyboard shortcuts", press=HELP), words="Help keys hotkeys"),
    Command("Actions", entry("Sign out", press=SIGN_OUT), words="Log out logout"),
)
