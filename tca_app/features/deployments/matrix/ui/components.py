"""The environment matrix on `/deployments` and `/projects`. On a phone it has a card for each project."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from tca_app.features.deployments.matrix.ui.schemas import Cell
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import link, relative_time
from tca_app.ui.components.text import t
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.var import as_var


def matrix_table(
    columns: Any,
    lines: Any,
    project: Callable[[Any], rx.Component],
    flash: Any = None,
    head: rx.Component | None = None,
) -> rx.Component:
    """The matrix. `lines` have an id and `cells`, `project(line)` is the first cell, `flash(line)` marks a change.

    The roles are explicit, because browsers do not treat a table that is laid out as cards as a table.
    """
    first = head or rx.el.th(t("Project"), scope="col", role="columnheader")
    heads = rx.foreach(columns, lambda name: rx.el.th(name, scope="col", role="columnheader"))
    return rx.el.div(
        rx.el.table(
            rx.el.caption(t("Environments"), class_name="sr-only"),
            rx.el.thead(
                rx.el.tr(first, heads, role="row"),
                role="rowgroup",
            ),
            rx.el.tbody(rx.foreach(lines, lambda line: _line(line, project, flash)), role="rowgroup"),
            class_name="table matrix",
            role="table",
        ),
        class_name="table-scroll",
    )


def _line(line: Any, project: Callable[[Any], rx.Component], flash: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.th(project(line), scope="row", role="rowheader"),
        rx.foreach(line["cells"].to(list[dict[str, Any]]), _cell),
        role="row",
        tab_index=-1,
        class_name=flash(line) if flash else "",
        custom_attrs={"data-row": line["id"]},
    )


def _cell(cell: Cell) -> rx.Component:
    runs = rx.el.div(
        rx.el.div(
            link(cut_in_middle(cell["version"]), to=cell["url"], class_name="cell-title"),
            rx.cond(cell["is_newest"], rx.icon("circle-check", size=14, aria_label=t("Newest"), role="img")),
            class_name="matrix-version",
        ),
        rx.el.div(relative_time(as_var(cell["at"]).to(str)), " · ", cell["who"], class_name="cell-sub"),
        rx.cond(cell["behind"] != "", _behind(cell)),
    )
    nothing = rx.el.div(rx.cond(cell["is_there"], t("Not deployed"), "–"), class_name="muted")
    return rx.el.td(
        rx.cond(as_var(cell["version"]).to(str) != "", runs, nothing),
        rx.cond(cell["is_deploying"], badge(t("Deploying"), "info", "loader")),
        role="cell",
        class_name=rx.cond(cell["is_newest"], "newest", ""),
        custom_attrs={"data-label": cell["environment"], "data-there": as_var(cell["is_there"]).to(str)},
    )


def _behind(cell: Cell) -> rx.Component:
    """By how many releases, which leads to the comparison with the newest: in the repository, if it is known."""
    return rx.el.a(
        cell["behind"],
        href=cell["compare"],
        target=rx.cond(cell["compare"] == cell["url"], "_self", "_blank"),
        rel="noopener noreferrer",
        title=t("Compare with the newest release"),
        class_name="cell-sub behind",
    )
