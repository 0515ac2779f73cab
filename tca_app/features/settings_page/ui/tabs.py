"""The tabs of the settings: their labels and URLs."""

from tca_app.ui import routes

LABELS = {
    "profile": "Profile",
    "password": "Password",
    "sessions": "Sessions",
    "two-factor": "Two-factor",
    "tokens": "Tokens",
    "appearance": "Appearance",
}


def tab_url(name: str) -> str:
    return routes.SETTINGS if name == "profile" else f"{routes.SETTINGS}?tab={name}"
