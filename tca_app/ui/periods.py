"""The choice of a period on a page."""

from typing import Any

import reflex as rx

from tca_app.core.periods import PERIODS
from tca_app.ui.components.basic import link
from tca_app.ui.components.text import t


def period_links(url: str, chosen: Any) -> rx.Component:
    """Links to choose the period, so that back, reload and sharing keep it."""
    return rx.el.nav(
        *(
            link(
                t("{days} days", days=days),
                to=f"{url}?days={days}",
                class_name="",
                custom_attrs={"aria-current": rx.cond(chosen == days, "true", "false")},
            )
            for days in PERIODS
        ),
        class_name="segments",
        aria_label=t("Period"),
    )
