"""Zoom of the charts by day: the URL names the days, which are chosen in a form or by dragging over a chart."""

from datetime import UTC, datetime, time
from typing import Any, ClassVar
from urllib.parse import urlencode

import reflex as rx

from tca_app.core.language.messages import _
from tca_app.core.periods import MAX_DAYS, DayRange
from tca_app.core.region.formats import LOCALE, ZONE
from tca_app.ui.components.basic import button
from tca_app.ui.components.day_bars import day_words
from tca_app.ui.components.text import t
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionMixin
from tca_app.ui.url import fields_of, page_path, page_url, query_param

FIELDS = ("from", "to")


class ZoomState(SessionMixin, mixin=True):
    """Mixin for a state with charts by day. List it before the state's base class."""

    zoom_from: str = ""  # both are "" without a zoom
    zoom_to: str = ""
    zoom_text: str = ""
    utc_days: str = ""  # what a day is for the viewer, in words
    _zooms_to_weeks: ClassVar = False

    def _zoomed_days(self, period: int) -> DayRange | None:
        """Returns the days that the URL zooms to, and shows them in the form; None for all of the `period`."""
        days = DayRange.of(*(query_param(self.router_data, name) for name in FIELDS))
        days = days.in_weeks() if days and self._zooms_to_weeks else days
        self.zoom_from, self.zoom_to = (days.since.isoformat(), days.until.isoformat()) if days else ("", "")
        self.zoom_text, self.utc_days = _words(days) if days else "", utc_day_words(days or DayRange.last(period))
        return days

    @handler("signed_in")
    async def zoom(self, form: dict[str, str]) -> Events:
        """Opens the page with the days of the form."""
        days = DayRange.of(form.get("from", ""), form.get("to", ""))
        if days is None:
            words = _("Choose a range within the last {max_days} days, first day first.", max_days=MAX_DAYS)
            self._toast(words, kind="error")
            return None
        return self._go_to({"from": days.since.isoformat(), "to": days.until.isoformat()})

    @handler("signed_in")
    async def zoom_out(self) -> Events:
        return self._go_to({})

    def _go_to(self, days: dict[str, str]) -> Events:
        others = {name: value for name, value in fields_of(page_url(self.router_data)).items() if name not in FIELDS}
        query = urlencode({**others, **days})
        return rx.redirect(f"{page_path(self.router_data)}{'?' if query else ''}{query}")


def _words(days: DayRange) -> str:
    if len(days) == 1:
        return day_words(days.since)
    return _("{since} to {until}", since=day_words(days.since), until=day_words(days.until))


def utc_day_words(days: DayRange) -> str:
    """Says that these days are those of UTC and, where that is no midnight for the viewer, when they start."""
    starts = [datetime.combine(day, time.min, UTC).astimezone(ZONE.get()) for day in days]
    if not any(start.utcoffset() for start in starts):
        return _("Days in UTC.")
    first, *others = dict.fromkeys(LOCALE.get().time(start) for start in starts)
    if others:  # the clocks change within these days
        return _("Days in UTC: each starts at {time} or {other} your time.", time=first, other=others[-1])
    return _("Days in UTC: each starts at {time} your time.", time=first)


def day_zoom(state: type[ZoomState], how: Any = t("Drag to zoom."), tool: rx.Component | None = None) -> rx.Component:
    """The line below a chart: its days, and the form that chooses others, which assets/console/zoom.js fills too.

    `how` says how to zoom in it. A `tool` stands before the form.
    """
    form = rx.el.form(
        _day(t("From"), "from", state.zoom_from),
        _day(t("To"), "to", state.zoom_to),
        button(t("Show"), kind="small", type="submit"),
        on_submit=state.zoom,
        class_name="row tight",
        custom_attrs={"data-zoom": ""},
    )
    reset = button(t("Reset zoom"), kind="small ghost", on_click=state.zoom_out, custom_attrs={"data-zoom-reset": ""})
    is_zoomed = state.zoom_text != ""
    return rx.el.div(
        rx.el.span(rx.cond(is_zoomed, state.zoom_text + ". ", ""), state.utc_days, " ", how, class_name="muted"),
        rx.cond(is_zoomed, reset),
        tool,
        rx.el.details(rx.el.summary(t("Choose days"), class_name="btn small ghost"), form, class_name="choose-days"),
        class_name="chart-foot",
    )


def zoom_chip(state: type[ZoomState]) -> rx.Component:
    """The days that a page is zoomed to, which removes them on a click. For a page whose numbers follow the zoom."""
    label = t("{zoom_text}: reset zoom", zoom_text=state.zoom_text)
    shown = rx.el.button(
        rx.el.span(state.zoom_text, class_name="truncate"),
        rx.icon("x", size=16, aria_hidden="true"),
        type="button",
        aria_label=label,
        title=label,
        on_click=state.zoom_out,
        class_name="chip num",
    )
    return rx.cond(state.zoom_text != "", shown)


def _day(label: str, name: str, value: Any) -> rx.Component:
    entered = rx.el.input(type="date", name=name, default_value=value, key=value, required=True, class_name="input")
    return rx.el.label(rx.el.span(label), entered, class_name="day")
