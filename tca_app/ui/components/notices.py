"""What needs attention: a list of notices, each with an icon for its kind."""

from typing import Any, TypedDict

import reflex as rx

from tca_app.ui.components.basic import name_or_link, relative_time
from tca_app.ui.components.text import t

# Label, tone and icon of each kind of notice.
KINDS = {
    "failed": (t("Failed"), "bad", "circle-x"),
    "approval": (t("Awaiting approval"), "warn", "hand"),
    "overdue": (t("Overdue"), "warn", "hourglass"),
    "incident": (t("Incident"), "bad", "siren"),
    "freeze": (t("Frozen"), "info", "snowflake"),
    "certificate": (t("Certificate"), "warn", "badge-alert"),
    "token": (t("API token"), "warn", "key-round"),
}


class Notice(TypedDict):
    """Something that needs attention. `kind` is one of KINDS; `url` may be ""."""

    key: str
    kind: str
    title: str
    detail: str
    at: str
    url: str


def notice_lines(notices: Any) -> rx.Component:
    return rx.el.ul(rx.foreach(notices, _line), class_name="lines notices")


def _line(entry: Any) -> rx.Component:
    icons = (
        (kind, rx.icon(icon, size=16, aria_label=label, role="img", class_name=f"notice-icon {tone}"))
        for kind, (label, tone, icon) in KINDS.items()
    )
    return rx.el.li(
        rx.match(entry["kind"], *icons, rx.fragment()),
        rx.el.div(
            name_or_link(entry["title"], entry["url"]),
            rx.el.div(entry["detail"], class_name="cell-sub truncate", title=entry["detail"]),
            class_name="grow",
        ),
        rx.cond(entry["at"] != "", rx.el.span(relative_time(entry["at"]), class_name="muted notice-at")),
        key=entry["key"].to(str),
    )
