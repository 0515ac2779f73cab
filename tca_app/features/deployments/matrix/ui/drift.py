"""How far an environment is behind the newest release, as a badge. The matrix itself counts in its cells."""

from typing import Any

import reflex as rx

from tca_app.core.language.messages import _, ngettext
from tca_app.ui.components.badges import badge
from tca_app.ui.components.text import t


def drift_words(behind: int | None) -> str:
    """Returns "Newest", "Behind by 3 releases", or "" before the first deployment."""
    if behind is None:
        return ""
    return ngettext("Behind by {count} release", "Behind by {count} releases", behind) if behind else _("Newest")


def drift_badge(drift: Any, is_newest: Any) -> rx.Component:
    return rx.cond(
        drift != "",
        rx.cond(
            is_newest,
            badge(t("Newest"), "good", "circle-check"),
            badge(drift, "warn", "arrow-down-to-line"),
        ),
    )
