"""The notice about the active freeze of an environment."""

from collections.abc import Sequence
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

import reflex as rx

from tca_app.core.language.messages import _
from tca_app.features.environments.schemas import FreezeRead
from tca_app.ui.components.faces import Face, avatar, face_of
from tca_app.ui.components.text import t
from tca_app.ui.zone import time_words


class Freeze(TypedDict):
    """A freeze. `why` is "" while nothing is frozen; `until` is in words in the viewer's time zone."""

    why: str
    until: str
    who: str
    face: Face


NO_FREEZE = Freeze(why="", until="", who="", face=face_of(""))


def freeze_of(holding: Sequence[FreezeRead], environment_id: int, zone: ZoneInfo) -> Freeze:
    """Returns the freeze of one environment that ends last; `freezes` are in that order."""
    for window in holding:
        if window.environment_id in (None, environment_id):
            by = window.created_by
            who = by.display_name if by else _("Deleted user")
            face = face_of(by.display_name, by.id) if by else face_of("")
            return Freeze(why=window.why, until=time_words(window.ends_at, zone), who=who, face=face)
    return NO_FREEZE


def freeze_notice(freeze: Any, environment: Any, may_pass: Any) -> rx.Component:
    """The notice: who froze it, until when and why, and what the viewer can do."""
    rest = rx.cond(
        may_pass,
        t("As an administrator you can override it with a reason. The project's maintainers are notified."),
        t("Wait until then, or ask an administrator to override it."),
    )
    return rx.cond(
        freeze["why"] != "",
        rx.el.div(
            rx.el.p(
                rx.el.strong(t("{environment} is frozen until {until}", environment=environment, until=freeze["until"]))
            ),
            rx.el.p(
                rx.cond(freeze["face"]["initials"] != "", avatar(freeze["face"], "small")),
                rx.el.span(freeze["who"], ": ", freeze["why"]),
                class_name="person",
            ),
            rx.el.p(rest),
            class_name="notice warning",
            role="status",
        ),
    )
