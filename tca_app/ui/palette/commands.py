"""The commands of the palette that belong to no feature: the pages, the theme, and signing out."""

from tca_app.core.instance import instance_settings
from tca_app.core.language.messages import N_
from tca_app.ui import routes
from tca_app.ui.layout.account_menu import MODES
from tca_app.ui.layout.keys import HELP
from tca_app.ui.layout.navigation import NAVIGATION
from tca_app.ui.palette.entries import Command, entry

SIGN_OUT = "sign-out"
# Pages of the server: the browser loads them, so a hidden link is pressed.
DOCUMENTS = {
    N_("Documentation"): routes.GUIDE,
    N_("API reference"): routes.API_DOCS,
    N_("Changelog"): routes.CHANGELOG,
}
PUBLIC_PAGE = {N_("Public status page"): routes.PUBLIC_STATUS}  # is there only when the instance settings say so


def theme_command(mode: str) -> str:
    """Returns the `data-command` of the control that chooses a theme."""
    return f"theme-{mode}"


COMMANDS = (
    *(Command("Pages", entry(label, url=url), permission) for label, url, _icon, permission in NAVIGATION),
    *(
        Command("Actions", entry(label, press=theme_command(mode)), words="Switch theme appearance mode")
        for label, mode in MODES
    ),
    Command("Pages", entry(N_("Environments"), url=routes.ENVIRONMENTS), words="What runs where versions matrix"),
    *(Command("Pages", entry(label, press=url), words="Help guide manual docs") for label, url in DOCUMENTS.items()),
    *(
        Command(
            "Pages",
            entry(label, press=url),
            rule=lambda _actor: instance_settings().status_public,
            words="Visitors strangers incidents maintenance",
        )
        for label, url in PUBLIC_PAGE.items()
    ),
    Command("Actions", entry(N_("Keyboard shortcuts"), press=HELP), words="Help keys hotkeys"),
    Command("Actions", entry(N_("Sign out"), press=SIGN_OUT), words="Log out logout"),
)
