"""The tabs of the settings: their labels and URLs."""

from tca_app.core.language.messages import N_
from tca_app.ui import routes

LABELS = {
    "profile": N_("Profile"),
    "password": N_("Password"),
    "sessions": N_("Sessions"),
    "two-factor": N_("Two-factor"),
    "tokens": N_("Tokens"),
    "appearance": N_("Appearance"),
}


def tab_url(name: str) -> str:
    return routes.SETTINGS if name == "profile" else f"{routes.SETTINGS}?tab={name}"
