"""The badges of webhooks and deliveries, each with a word beside the colour."""

from typing import Any

import reflex as rx

from tca_app.features.webhooks.ui.rows import HookRow
from tca_app.ui.components.badges import badge
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var


def hook_badge(hook: HookRow) -> rx.Component:
    return rx.cond(
        hook["is_active"],
        rx.cond(
            as_var(hook["failures"]).to(int) > 0,
            badge(t("Failing"), "warn", "triangle-alert"),
            badge(t("Active"), "good", "circle-check"),
        ),
        rx.cond(
            hook["why_off"] != "",
            badge(t("Disabled automatically"), "bad", "circle-x"),
            badge(t("Disabled"), "", "circle-off"),
        ),
    )


def delivery_badge(status: Any) -> rx.Component:
    return rx.match(
        status,
        ("succeeded", badge(t("Delivered"), "good", "circle-check")),
        ("retrying", badge(t("Retrying"), "warn", "rotate-cw")),
        badge(t("Failed"), "bad", "circle-x"),
    )
