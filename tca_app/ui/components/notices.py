"""What needs attention: a list of notices, each with an icon for its kind."""

from typing import Any, TypedDict

import reflex as rx

from tca_app.ui.components.basic import name_or_link, relative_time
from tca_app.ui.components.faces import Face, Mark, avatar, tile_or_console
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
    """Something that needs attention. `kind` is one of KINDS; `url` may be "".

    `mark` is that of its project, and `face` that of the person in the detail, whose initials are "" without one.
    """

    key: str
    kind: str
    mark: Mark
    title: str
    detail: str
    face: Face
    at: str
    url: str


def notice_lines(notices: Any, *, with_project: bool = False) -> rx.Component:
    """The list. `with_project` shows whose each notice is: of a project, or of the console."""
    return rx.el.ul(rx.foreach(notices, lambda entry: _line(entry, with_project)), class_name="lines notices")


def _line(entry: Any, with_project: bool) -> rx.Component:
    icons = (
        (kind, rx.icon(icon, size=16, aria_label=label, custom_attrs={"role": "img"}, class_name=f"notice-icon {tone}"))
        for kind, (label, tone, icon) in KINDS.items()
    )
    return rx.el.li(
        rx.match(entry["kind"], *icons, rx.fragment()),
        *([tile_or_console(entry["mark"])] if with_project else []),
        rx.el.div(
            name_or_link(entry["title"], entry["url"]),
            rx.el.div(
                rx.cond(entry["face"]["initials"] != "", avatar(entry["face"], "small")),
                rx.el.span(entry["detail"], class_name="truncate"),
                class_name="cell-sub when-and-who",
                title=entry["detail"],
            ),
            class_name="grow",
        ),
        rx.cond(entry["at"] != "", rx.el.span(relative_time(entry["at"]), class_name="muted notice-at")),
        key=entry["key"].to(str),
    )
