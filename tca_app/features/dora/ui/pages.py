"""The page of the DORA metrics: four metrics by week, and a table by project or group."""

from typing import Any

import reflex as rx

from tca_app.features.dora.levels import SOURCE
from tca_app.features.dora.ui.chart import week_chart
from tca_app.features.dora.ui.definitions import DEFINITIONS, LEVELS_SOURCE, Definition
from tca_app.features.dora.ui.rows import UnitRow
from tca_app.features.dora.ui.state import DoraState
from tca_app.ui import routes
from tca_app.ui.components.badges import badge
from tca_app.ui.components.basic import icon_button, page_header
from tca_app.ui.components.day_bars import figures_toggle
from tca_app.ui.components.day_zoom import FIELDS as ZOOM_FIELDS, day_zoom, zoom_chip
from tca_app.ui.components.faces import tile
from tca_app.ui.components.placeholders import empty_state, skeleton_lines
from tca_app.ui.components.text import t
from tca_app.ui.layout.pages import page
from tca_app.ui.table.grid import Column
from tca_app.ui.table.parts import download_link, view_switch
from tca_app.ui.table.view import data_table, open_link
from tca_app.ui.var import as_var

state = DoraState
PERIODS = (("", t("12 weeks"), True), ("26", t("26 weeks"), True), ("52", t("52 weeks"), True))
UNITS = (("", t("Projects"), True), ("group", t("Groups"), True))


@page(routes.DORA, t("DORA metrics"), on_load=(DoraState.load,))
def dora_page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("DORA metrics"),
            rx.cond(state.scope != "", state.scope, t("How often and how safely changes reach production.")),
            zoom_chip(state),
            view_switch(
                t("Period"), "weeks", rx.cond(state.zoom_text == "", state.weeks, "zoom"), *PERIODS, ends=ZOOM_FIELDS
            ),
        ),
        data_table(
            state,
            columns=_columns(),
            label=t("DORA metrics"),
            search_label=t("Search projects and groups"),
            row_name=lambda row: row["name"],
            empty=empty_state(
                t("No deployments in this period"),
                t("Report deployments from your CI, or choose other environments."),
                icon="gauge",
            ),
            switch=view_switch(t("Break down by"), "by", state.by, *UNITS),
            tools=(download_link(routes.API_DORA_EXPORT, state.export_query),),
            above=rx.cond(state.load_error == "", _metrics()),
        ),
    )


def _metrics() -> rx.Component:
    cards = (_metric(as_var(state.metrics)[at], definition) for at, definition in enumerate(DEFINITIONS))
    waiting = (_card(definition, skeleton_lines(4)) for definition in DEFINITIONS)
    is_there = as_var(state.metrics).length() > 0
    shown = rx.cond(is_there, rx.fragment(*cards), rx.fragment(*waiting))
    how = t("Click a week to see its deployments, or drag over weeks to zoom.")
    return rx.el.div(rx.el.div(shown, class_name="dora-cards"), day_zoom(state, how), class_name="dora")


def _card(definition: Definition, *children: rx.Component, tool: rx.Component | None = None) -> rx.Component:
    heading = rx.el.h2(t(definition.label), class_name="card-label")
    return rx.el.section(
        rx.el.div(heading, tool, _definition(definition), class_name="row tight"),
        *children,
        class_name="panel card",
    )


def _metric(metric: Any, definition: Definition) -> rx.Component:
    return _card(
        definition,
        rx.el.div(
            rx.el.span(metric["value"], class_name="card-value num"),
            rx.cond(metric["level"] != "", _level(metric["level"])),
            rx.cond(metric["graded"] != "", rx.el.span(metric["graded"], class_name="muted num")),
            rx.el.span(metric["basis"], class_name="muted num dora-basis"),
            class_name="row",
        ),
        _change(metric),
        week_chart(metric, t("{label} by week", label=t(definition.label))),
        tool=rx.cond(metric["has_data"], figures_toggle()),
    )


def _level(level: Any) -> rx.Component:
    return rx.match(
        level,
        ("elite", badge(t("Elite"), "good", "circle-check")),
        ("high", badge(t("High"), "info", "circle-check")),
        ("medium", badge(t("Medium"), "", "circle-dot")),
        badge(t("Low"), "warn", "circle-alert"),
    )


def _change(metric: Any) -> rx.Component:
    tone = rx.match(metric["trend"], ("better", "up"), ("worse", "down"), "")
    arrow = rx.cond(
        metric["is_up"],
        rx.icon("trending-up", size=14, aria_hidden="true"),
        rx.icon("trending-down", size=14, aria_hidden="true"),
    )
    return rx.el.div(
        rx.cond(metric["trend"] != "", rx.el.span(arrow, class_name=tone)),
        rx.cond(metric["change"] != "", metric["change"], t("Nothing to compare in the previous period")),
        class_name="card-trend num",
    )


def _definition(definition: Definition) -> rx.Component:
    """The button that opens the definition, in place."""
    return rx.popover.root(
        rx.popover.trigger(icon_button(t("Definition: {label}", label=t(definition.label)), "info", "ghost small")),
        rx.popover.content(
            rx.el.strong(t(definition.label)),
            rx.el.p(t(definition.formula)),
            rx.el.p(t(definition.counts), class_name="muted"),
            rx.el.p(t("{levels} Low: everything else.", levels=t(definition.levels))),
            rx.el.p(t(LEVELS_SOURCE, source=SOURCE), class_name="cell-sub"),
            align="start",
            class_name="definition",
            aria_label=t("Definition: {label}", label=t(definition.label)),
        ),
    )


def _columns() -> list[Column]:
    return [
        Column("name", t("Name"), cell=_name, sortable=True, wide=30),
        Column("finished", t("Deployments"), sortable=True, align_right=True, on_tablet=False),
        Column("frequency", t("Frequency"), sortable=True, align_right=True),
        Column("lead_time", t("Lead time"), sortable=True, align_right=True),
        Column("failure_rate", t("Failure rate"), sortable=True, align_right=True),
        Column("restore", t("Time to restore"), sortable=True, align_right=True),
    ]


def _name(row: UnitRow) -> rx.Component:
    shown = rx.el.div(
        open_link(row["name"], row["url"]),
        rx.cond(row["slug"] != "", rx.el.div(row["slug"], class_name="cell-sub mono truncate")),
    )
    return rx.el.div(rx.cond(row["slug"] != "", tile(row["mark"])), shown, class_name="person")


PAGES = [dora_page]
