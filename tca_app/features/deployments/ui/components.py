"""Components that several pages of deployments share."""

from typing import Any

import reflex as rx

from tca_app.features.deployments.listing.filters import STATUS_LABELS
from tca_app.features.deployments.ui.state import DeploymentRow
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import link, relative_time
from tca_app.ui.components.faces import tile, with_face, with_tile
from tca_app.ui.components.text import t
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.table.grid import Column, cut
from tca_app.ui.table.view import open_link

# The tone and the icon of each status.
LOOKS = {
    "pending_approval": ("warn", "hand"),
    "queued": ("", "clock"),
    "in_progress": ("info", "loader"),
    "succeeded": ("good", "circle-check"),
    "failed": ("bad", "circle-x"),
    "cancelled": ("", "ban"),
}


def deployment_badge(status: Any) -> rx.Component:
    """The badge of a state: a word and an icon beside the colour."""
    return rx.match(
        status, *((name, badge(STATUS_LABELS[name], *looks)) for name, looks in LOOKS.items()), badge(status)
    )


def outside_link(url: Any, label: Any) -> rx.Component:
    """A link that leaves the console."""
    return rx.el.a(label, href=url, target="_blank", rel="noopener noreferrer", class_name="link")


def columns(*, with_project: bool = True) -> list[Column]:
    """The columns of a table of deployments."""
    project = [Column("project", t("Project"), cell=_project, sortable=True, on_phone=False, wide=31)]
    return [
        Column("version", t("Version"), cell=lambda row: _version(row, with_project), sortable=True, wide=27),
        *(project if with_project else []),
        Column("environment", t("Environment"), cell=_environment, sortable=True, on_phone=False),
        Column("status", t("Status"), cell=lambda row: deployment_badge(row["status"]), sortable=True),
        Column("who", t("By"), cell=_who, sortable=True, sort_key="created_by", wide=23, on_narrow=False),
        Column("at", t("When"), cell=lambda row: relative_time(row["at"]), sortable=True, sort_key="id"),
        Column(
            "took",
            t("Duration"),
            cell=lambda row: rx.el.span(row["took"], class_name="nowrap"),
            sortable=True,
            sort_key="duration",
            on_tablet=False,
        ),
    ]


def _who(row: DeploymentRow) -> rx.Component:
    return with_face(row["face"], cut(row["who"]))


def _project(row: DeploymentRow) -> rx.Component:
    named = rx.el.div(
        link(row["project"], to=row["project_url"], class_name="link truncate", title=row["project"]),
        rx.el.div(row["project_slug"], class_name="cell-sub mono truncate"),
    )
    return with_tile(row["mark"], named)


def _environment(row: DeploymentRow) -> rx.Component:
    return cut(row["environment"], "cell-name")


def _version(row: DeploymentRow, with_project: bool) -> rx.Component:
    project = (" · ", tile(row["mark"], "small"), row["project"]) if with_project else ()
    return rx.el.div(
        open_link(cut_in_middle(row["version"]), row["url"]),
        rx.cond(row["commit"] != "", rx.el.div(row["commit"], class_name="cell-sub mono truncate")),
        rx.el.div(row["environment"], *project, class_name="cell-sub truncate only-phone"),
    )
