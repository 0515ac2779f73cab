"""The sections of the instance settings in the command palette, for administrators."""

from tca_app.core.language.messages import N_
from tca_app.ui import routes
from tca_app.ui.palette.entries import Command, entry


def _section(label: str, url: str, words: str) -> Command:
    shown = entry(label, url=url)
    return Command(N_("Settings"), shown, "instance.manage", words=words, section=N_("Instance settings"))


OFFERED = (
    _section(N_("General"), f"{routes.ADMIN}#general", "Name default time zone language public status page"),
    _section(N_("Accounts"), f"{routes.ADMIN}#accounts", "Sign up sign-in registration two-factor 2FA provider"),
    _section(N_("Sessions and passwords"), f"{routes.ADMIN}#sessions", "Idle time timeout sign-in length"),
    _section(N_("Logo"), f"{routes.ADMIN}#logo", "Brand image icon upload"),
    _section(N_("History"), routes.ADMIN_HISTORY, "Changes audit"),
    _section(N_("Subscribers"), routes.SUBSCRIBERS, "Public status page mail"),
)
