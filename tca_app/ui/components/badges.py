"""Badges: a status or role in a word, with an icon beside the colour."""

from typing import Any

import reflex as rx

from tca_app.ui.components.basic import Child, glyph
from tca_app.ui.components.text import shown, t


def badge(label: Child, tone: str = "", icon: str = "") -> rx.Component:
    """A status: always a word, with an icon beside the colour. `tone`: "", good, warn, bad or info."""
    return rx.el.span(glyph(icon) if icon else None, shown(label), class_name=f"badge {tone}".strip())


def active_badge(is_active: Any) -> rx.Component:
    return rx.cond(is_active, badge(t("Active"), "good", "circle-check"), badge(t("Inactive"), "", "circle-off"))


def role_badge(is_superuser: Any) -> rx.Component:
    """A badge for administrators. Members are the rule, so they are plain text."""
    return rx.cond(is_superuser, badge(t("Admin"), "info", "shield"), rx.el.span(t("Member")))


def project_status_badge(status: Any) -> rx.Component:
    """The badge of the statuses active, paused and archived."""
    return rx.match(
        status,
        ("active", badge(t("Active"), "good", "circle-check")),
        ("paused", badge(t("Paused"), "", "circle-pause")),
        ("archived", badge(t("Archived"), "", "archive")),
        badge(status),
    )
