"""Charts by day: bars of deployments by result, and the curve of a total. Each has its figures as a table, too."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol, TypedDict

import reflex as rx

from tca_app.core.language.messages import N_, _, ngettext, short_day
from tca_app.core.region.formats import number
from tca_app.ui.components.basic import glyph, link
from tca_app.ui.components.text import t

# In the order from the bottom: key and label. The stylesheet gives each the colour of its badge.
RESULTS = (("succeeded", N_("Succeeded")), ("cancelled", N_("Cancelled")), ("failed", N_("Failed")))
TICKS = {7: 1, 30: 7, 90: 14}  # days between two labels of the axis, by the number of days
MAX_TICKS = 7  # for other numbers


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


class DayTotal(TypedDict):
    """A day of a curve. `tick` is the label of the axis, or ""; `url` leads to the rows."""

    day: str
    date: str
    url: str
    total: int
    tick: str
    text: str


class DayBar(TypedDict):
    """A bar. Heights are shares of the chart; `tick` is the label of the axis, or ""; `url` leads to the rows."""

    day: str
    date: str
    url: str
    tick: str
    text: str
    succeeded: int
    failed: int
    cancelled: int
    heights: dict[str, str]


def day_bars_of(days: Sequence[ResultsOfDay], url_of: Callable[[date], str]) -> list[DayBar]:
    top = scale_of(days)
    return [
        DayBar(
            day=day_words(entry.day),
            date=entry.day.isoformat(),
            url=url_of(entry.day),
            tick=_tick(entry.day, index, len(days)),
            text=_words(entry),
            succeeded=entry.succeeded,
            failed=entry.failed,
            cancelled=entry.cancelled,
            heights={key: f"{100 * getattr(entry, key) / top:.2f}%" for key, _label in RESULTS},
        )
        for index, entry in enumerate(days)
    ]


def _tick(day: date, index: int, days: int) -> str:
    """Returns the label below a day: at even steps, so that the last day has one."""
    step = TICKS.get(days) or -(-days // MAX_TICKS)
    return day_words(day) if (days - 1 - index) % step == 0 else ""


def day_totals_of(
    totals: Sequence[tuple[date, int]], noun: tuple[str, str], url_of: Callable[[date], str]
) -> list[DayTotal]:
    return [
        DayTotal(
            day=day_words(day),
            date=day.isoformat(),
            url=url_of(day),
            total=total,
            tick=_tick(day, index, len(totals)),
            text=f"{day_words(day)}: {ngettext(*noun, total)}",
        )
        for index, (day, total) in enumerate(totals)
    ]


def area_path(totals: Sequence[int], top: int) -> str:
    """Returns the path of a curve over its area, in a box of 100 by 100, each day in the middle of its column."""
    step = 100 / max(1, len(totals))
    points = [f"{step * (index + 0.5):.2f} {100 - 100 * total / top:.2f}" for index, total in enumerate(totals)]
    if not points:
        return ""
    return f"M{step / 2:.2f} 100 L{' L'.join(points)} L{100 - step / 2:.2f} 100"


def scale_of(days: Sequence[ResultsOfDay]) -> int:
    """Returns the top of the axis: an even number that is easy to halve, at least as high as the highest bar."""
    return top_of([day.succeeded + day.failed + day.cancelled for day in days])


def top_of(counts: Sequence[int]) -> int:
    most, size = max(counts, default=0), 1
    while most > 10 * size:
        size *= 10
    return next(size * step for step in (2, 4, 6, 8, 10) if most <= size * step)


def day_words(day: date) -> str:
    return short_day(day)


def _words(entry: ResultsOfDay) -> str:
    counts = [f"{number(getattr(entry, key))} {_(label).lower()}" for key, label in RESULTS if getattr(entry, key)]
    return f"{day_words(entry.day)}: {', '.join(counts) or _('none')}"


def day_bars(bars: Any, top: Any, caption: str, foot: rx.Component) -> rx.Component:
    """The chart. `top` is the top of the axis, `foot` the line below the chart."""
    keys = [key for key, _label in RESULTS]
    columns = rx.el.div(rx.foreach(bars, _bar), class_name="bars")
    heads = (t("Day"), *(t(label) for _key, label in RESULTS))
    return _figure(top, (columns,), _table(bars, caption, heads, keys), foot)


def day_area(days: Any, path: Any, top: Any, caption: str, heads: tuple[str, str], foot: rx.Component) -> rx.Component:
    """A curve of a total by day."""
    curve = rx.el.svg(
        rx.el.svg.path(d=path), view_box="0 0 100 100", custom_attrs={"preserveAspectRatio": "none"}, class_name="area"
    )
    columns = rx.el.div(rx.foreach(days, _day_of_area), class_name="bars")
    return _figure(top, (curve, columns), _table(days, caption, heads, ["total"]), foot)


def _table(days: Any, caption: str, heads: tuple[str, ...], keys: list[str]) -> rx.Component:
    def row(day: Any) -> rx.Component:
        return rx.el.tr(rx.el.th(day["day"], scope="row"), *(rx.el.td(day[key]) for key in keys))

    return figures_table(caption, heads, rx.foreach(days, row))


def figures_table(caption: Any, heads: tuple[str, ...], rows: rx.Component, **props: Any) -> rx.Component:
    """The figures of a chart as a table. The first cell of a row is its head."""
    table = rx.el.table(
        rx.el.caption(caption),
        rx.el.thead(rx.el.tr(*(rx.el.th(head, scope="col") for head in heads))),
        rx.el.tbody(rows),
    )
    return rx.el.div(table, class_name="figures num", **props)


def figures_toggle() -> rx.Component:
    """Shows the table of the chart in the same panel, which screen readers have at any time."""
    label = t("Figures as a table")
    summary = rx.el.summary(glyph("table"), class_name="btn icon small ghost", aria_label=label, title=label)
    return rx.el.details(summary, class_name="figures-toggle")


def _figure(top: Any, drawn: tuple[rx.Component, ...], table: rx.Component, foot: rx.Component) -> rx.Component:
    lines = (
        rx.el.span(class_name=f"axis {name}", custom_attrs={"data-value": value})
        for name, value in (("top", top), ("middle", top / 2))
    )
    return rx.el.figure(
        rx.el.div(*lines, *drawn, class_name="plot", aria_hidden="true"), foot, table, class_name="day-bars num"
    )


def _day_of_area(day: Any) -> rx.Component:
    return _column(day, *_labels(day))


def _bar(bar: Any) -> rx.Component:
    heights = bar["heights"].to(dict[str, str])
    parts = (rx.el.span(class_name=f"part {key}", style={"height": heights[key]}) for key, _label in RESULTS)
    return _column(bar, *parts, *_labels(bar))


def _column(day: Any, *shown: rx.Component) -> rx.Component:
    """One day. It is no stop of the keyboard: the legend leads to the same rows without 90 of them."""
    return link(*shown, to=day["url"], class_name="bar", tab_index=-1, custom_attrs={"data-day": day["date"]})


def _labels(day: Any) -> tuple[rx.Component, rx.Component]:
    """The figures on hover, and the label of the axis."""
    tick = rx.cond(day["tick"] != "", rx.el.span(day["tick"], class_name="tick"))
    return rx.el.span(day["text"], class_name="tip"), tick


def results_legend(counts: Any, url_of: Callable[[str], Any]) -> rx.Component:
    """The legend with the number of each result, which leads to its rows."""
    swatches = {key: rx.el.span(class_name=f"swatch {key}", aria_hidden="true") for key, _label in RESULTS}
    entries = (
        rx.el.li(link(swatches[key], t(label), " ", counts[key], to=url_of(key), class_name=""))
        for key, label in RESULTS
    )
    return rx.el.ul(*entries, class_name="chart-legend num")
