"""The environment matrix on `/deployments` and `/projects`. On a phone it has a card for each project."""

from collections.abc import Callable, Sequence
from typing import Any

import reflex as rx

from tca_app.features.deployments.matrix.ui.schemas import Cell, Reporter
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import link
from tca_app.ui.components.faces import when_and_who
from tca_app.ui.components.text import nt, t
from tca_app.ui.long_text import cut_in_middle
from tca_app.ui.table.blocks import cells_in_row, row_blocks
from tca_app.ui.var import as_var

Draw = Callable[[Any], rx.Component]


def matrix_table(
    columns: Any,
    lines: Any,
    reporters: Any,
    project: tuple[rx.Component, Draw],
    *facts: tuple[rx.Component, Draw],
    head: Draw | None = None,
    flash: Draw | None = None,
    is_compact: Any = False,
    hidden: Any = "",
    **live: Any,
) -> rx.Component:
    """The matrix. `lines` have an id and `cells`; `project` and `facts` are the columns before the environments.

    `reporters` are who the cells name. A column is its head and its cell of a line. `head(name)` is the head of an
    environment, `flash(line)` marks a change, `hidden` are numbers of `hidden_numbers`, and `live` goes to
    `row_blocks`. The roles are explicit, because browsers do not treat a table that is laid out as cards as a table.
    """

    def cell(cell: Cell, column: Any) -> rx.Component:
        return _cell(cell, as_var(columns)[column], as_var(reporters)[as_var(cell["who"]).to(str)].to(Reporter))

    heads = rx.foreach(columns, head or (lambda name: rx.el.th(name, scope="col", role="columnheader")))
    return rx.el.div(
        rx.el.table(
            rx.el.caption(t("Environments"), class_name="sr-only"),
            rx.el.thead(
                rx.el.tr(project[0], *(fact[0] for fact in facts), heads, role="row", aria_rowindex=1),
                role="rowgroup",
            ),
            row_blocks(lines, lambda line, index: _line(line, index, cell, project, facts, flash), **live),
            class_name=rx.cond(is_compact, "table matrix compact", "table matrix"),
            role="table",
            custom_attrs={"aria-rowcount": as_var(lines).length() + 1, "data-hide": hidden},
        ),
        class_name="table-scroll",
    )


def _line(
    line: Any,
    index: Any,
    cell: Callable[[Any, Any], rx.Component],
    project: tuple[rx.Component, Draw],
    facts: Sequence[tuple[rx.Component, Draw]],
    flash: Draw | None,
) -> rx.Component:
    return rx.el.tr(
        rx.el.th(project[1](line), scope="row", role="rowheader"),
        *(fact[1](line) for fact in facts),
        cells_in_row(line["cells"], cell),
        role="row",
        tab_index=-1,
        class_name=flash(line) if flash else "",
        custom_attrs={"data-row": line["id"], "aria-rowindex": index + 2},
    )


def _cell(cell: Cell, environment: Any, reporter: Any) -> rx.Component:
    is_newest = cell["version"] & ~as_var(cell["behind"]).bool()
    runs = rx.fragment(
        rx.el.div(
            link(
                cut_in_middle(cell["version"]),
                to=routes.deployment(cell["deployment"]),
                class_name="cell-title",
                custom_attrs={"data-open": rx.cond(is_newest, "", rx.Var("undefined"))},  # else `_behind` has it
            ),
            rx.cond(is_newest, rx.icon("circle-check", size=14, aria_label=t("Newest"), custom_attrs={"role": "img"})),
            class_name="matrix-version",
        ),
        when_and_who(as_var(cell["at"]).to(str), reporter["name"], reporter),
        rx.cond(cell["behind"], _behind(cell)),
    )
    nothing = rx.el.div(rx.cond(cell["is_missing"], "–", t("Not deployed")), class_name="muted")
    return rx.el.td(
        rx.cond(cell["version"], runs, nothing),
        rx.cond(cell["is_deploying"], badge(t("Deploying"), "info", "loader")),
        role="cell",
        class_name=rx.cond(is_newest, "newest", ""),
        custom_attrs={"data-label": environment, "data-there": rx.cond(cell["is_missing"], "false", "true")},
    )


def _behind(cell: Cell) -> rx.Component:
    """By how many releases, which leads to the comparison with the newest: in the repository, if it is known.

    A click anywhere in the cell opens it.
    """
    return rx.el.a(
        nt("Behind by {count} release", "Behind by {count} releases", cell["behind"]),
        href=rx.cond(cell["compare"], cell["compare"], routes.deployment(cell["deployment"])),
        target=rx.cond(cell["compare"], "_blank", "_self"),
        rel="noopener noreferrer",
        title=rx.cond(cell["compare"], t("Compare with the newest release"), t("Open the deployment")),
        class_name="cell-sub behind",
        custom_attrs={"data-open": ""},
    )
