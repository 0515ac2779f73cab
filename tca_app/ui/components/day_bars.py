"""Bars of deployments by day and result. A bar and an entry of the legend lead to the rows that they count."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol, TypedDict

import reflex as rx

from tca_app.ui.components.basic import link

# In the order from the bottom: key and label. The stylesheet gives each the colour of its badge.
RESULTS = (("succeeded", "Succeeded"), ("cancelled", "Cancelled"), ("failed", "Failed"))
TICKS = {7: 1, 30: 7, 90: 14}  # days between two labels of the axis, by the number of days


class ResultsOfDay(Protocol):
    """Deployments that ended on a day, by result."""

    @property
    def day(self) -> date: ...
    @property
    def succeeded(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def cancelled(self) -> int: ...


class DayBar(TypedDict):
    """A bar. Heights are shares of the chart; `tick` is the label of the axis, or ""; `url` leads to the rows."""

    day: str
    url: str
    tick: str
    text: str
    succeeded: int
    failed: int
    cancelled: int
    heights: dict[str, str]


def day_bars_of(days: Sequence[ResultsOfDay], url_of: Callable[[date], str]) -> list[DayBar]:
    top, every = scale_of(days), TICKS.get(len(days), 7)
    return [
        DayBar(
            day=day_words(entry.day),
            url=url_of(entry.day),
            tick=day_words(entry.day) if (len(days) - 1 - place) % every == 0 else "",
            text=_words(entry),
            succeeded=entry.succeeded,
            failed=entry.failed,
            cancelled=entry.cancelled,
            heights={key: f"{100 * getattr(entry, key) / top:.2f}%" for key, _ in RESULTS},
        )
        for place, entry in enumerate(days)
    ]


def scale_of(days: Sequence[ResultsOfDay]) -> int:
    """Returns the top of the axis: an even number that is easy to halve, at least as high as the highest bar."""
    most = max((day.succeeded + day.failed + day.cancelled for day in days), default=0)
    size = 1
    while most > 10 * size:
        size *= 10
    return next(size * step for step in (2, 4, 6, 8, 10) if most <= size * step)


def day_words(day: date) -> str:
    return f"{day:%b} {day.day}"


def _words(entry: ResultsOfDay) -> str:
    counts = [f"{getattr(entry, key):,} {label.lower()}" for key, label in RESULTS if getattr(entry, key)]
    return f"{day_words(entry.day)}: {', '.join(counts) or 'none'}"


def day_bars(bars: Any, top: Any, caption: str) -> rx.Component:
    """The chart, with a table for screen readers. `top` is the top of the axis."""
    heads = (rx.el.th(head, scope="col") for head in ("Day", *(label for _, label in RESULTS)))
    table = rx.el.table(
        rx.el.caption(caption),
        rx.el.thead(rx.el.tr(*heads)),
        rx.el.tbody(rx.foreach(bars, _row)),
        class_name="sr-only",
    )
    lines = (
        rx.el.span(class_name=f"axis {name}", custom_attrs={"data-value": value})
        for name, value in (("top", top), ("middle", top / 2))
    )
    return rx.el.figure(
        rx.el.div(*lines, rx.el.div(rx.foreach(bars, _bar), class_name="bars"), class_name="plot", aria_hidden="true"),
        table,
        class_name="day-bars num",
    )


def _row(bar: Any) -> rx.Component:
    return rx.el.tr(rx.el.th(bar["day"], scope="row"), *(rx.el.td(bar[key]) for key, _ in RESULTS))


def _bar(bar: Any) -> rx.Component:
    """One day. It is no stop of the keyboard: the legend leads to the same rows without 90 of them."""
    heights = bar["heights"].to(dict[str, str])
    parts = (rx.el.span(class_name=f"part {key}", style={"height": heights[key]}) for key, _ in RESULTS)
    shown = (
        *parts,
        rx.el.span(bar["text"], class_name="tip"),
        rx.cond(bar["tick"] != "", rx.el.span(bar["tick"], class_name="tick")),
    )
    leads = link(*shown, to=bar["url"], class_name="bar", tab_index=-1)
    return rx.cond(bar["url"] != "", leads, rx.el.span(*shown, class_name="bar"))


def results_legend(counts: Any) -> rx.Component:
    """The legend with the number of each result."""
    swatches = {key: rx.el.span(class_name=f"swatch {key}", aria_hidden="true") for key, _ in RESULTS}
    entries = (rx.el.li(swatches[key], label, " ", counts[key]) for key, label in RESULTS)
    return rx.el.ul(*entries, class_name="chart-legend num")
