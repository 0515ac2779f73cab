"""The tabs of the settings in the command palette."""

from tca_app.core.actor import Actor
from tca_app.core.language.messages import N_
from tca_app.features.auth.ui.state import TABS, TABS_WHILE_ACTING
from tca_app.features.settings_page.ui.tabs import LABELS, tab_url
from tca_app.ui import routes
from tca_app.ui.palette.entries import Command, entry

SETTINGS = N_("Settings")
_WORDS = {
    "profile": "Name email address account",
    "sessions": "Devices sign out everywhere",
    "two-factor": "Authenticator passkey recovery codes 2FA",
    "tokens": "API token",
    "appearance": "Theme dark light time zone locale date number format",
}


def _tab(name: str) -> Command:
    def is_shown(actor: Actor) -> bool:
        return not actor.acting_id or name in TABS_WHILE_ACTING

    shown = entry(LABELS[name], url=tab_url(name))
    return Command(SETTINGS, shown, rule=is_shown, words=_WORDS.get(name, ""), section=SETTINGS)


OFFERED = (
    *(_tab(name) for name in TABS),
    Command(SETTINGS, entry(N_("Notifications"), url=routes.PREFERENCES), words="Preferences mail", section=SETTINGS),
)
