"""The cards of the dashboard: a number, its trend and its sparkline, with a link to the rows that it counts."""

from typing import Any

import reflex as rx

from tca_app.features.dashboard.schemas import CardName
from tca_app.features.dashboard.ui.customize_state import LABELS
from tca_app.features.dashboard.ui.metric_cards import Card
from tca_app.features.dashboard.ui.state import DashboardState
from tca_app.ui import routes
from tca_app.ui.components.basic import link
from tca_app.ui.components.placeholders import skeleton
from tca_app.ui.components.sparks import sparkline
from tca_app.ui.components.text import t
from tca_app.ui.var import as_var

state = DashboardState


def cards() -> rx.Component:
    """The cards. Until they are known, a placeholder for each of those that this browser showed last."""
    looks = rx.cond(state.is_loaded, "cards numbers", "cards numbers waiting")
    named = rx.el.div(rx.foreach(state.cards, _named), class_name=looks)
    return rx.cond(as_var(state.cards).length() > 0, rx.el.div(named, class_name="cards-box"))


def _named(name: Any) -> rx.Component:
    finished = f"{state.ended_url}&status=finished"
    return rx.el.div(
        rx.match(
            name,
            ("users", _card("users", "users", routes.USERS, state.people_card)),
            ("projects", _card("projects", "folder-git-2", f"{routes.PROJECTS}?status=active", state.projects_card)),
            ("deployments", _card("deployments", "rocket", state.ended_url, state.deployments_card)),
            ("health", _card("health", "heart-pulse", state.health_url, state.health_card)),
            (
                "success_rate",
                _card("success_rate", "circle-check", finished, state.success_card),
            ),
            rx.fragment(),
        ),
        class_name=f"place {name}",
        key=name.to(str),
    )


def _card(name: CardName, icon: str, url: str, card: Card) -> rx.Component:
    label = rx.el.span(rx.icon(icon, size=16, aria_hidden="true"), t(LABELS[name]), class_name="card-label")
    return rx.cond(
        state.is_loaded,
        link(
            label,
            rx.el.strong(card["value"], class_name="card-value num"),
            rx.el.span(
                _arrow(card["direction"], card["tone"]),
                rx.el.span(card["change"]),
                rx.el.span(card["than"], class_name="than truncate"),
                class_name="card-trend num",
                title=card["was"],
            ),
            rx.cond(card["spark"] != "", sparkline(card["spark"])),
            to=url,
            class_name="panel card",
        ),
        # No link: not everybody may open the page.
        rx.el.div(label, skeleton("40%"), skeleton("70%"), class_name="panel card"),
    )


def _arrow(direction: Any, tone: Any) -> rx.Component:
    """An arrow for the direction. The text beside it says the same."""
    looks = rx.match(tone, ("good", "up"), ("bad", "down"), "")
    return rx.match(
        direction,
        ("up", rx.icon("arrow-up-right", size=14, aria_label=t("Up:"), custom_attrs={"role": "img"}, class_name=looks)),
        (
            "down",
            rx.icon("arrow-down-right", size=14, aria_label=t("Down:"), custom_attrs={"role": "img"}, class_name=looks),
        ),
        ("same", rx.icon("arrow-right", size=14, aria_hidden="true")),
        rx.fragment(),
    )
