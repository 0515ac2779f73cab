"""View models of the page of the DORA metrics: the four metrics with their bars by week, and the rows of the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypedDict

from tca_app.core.language.messages import N_, _, ngettext, nN_
from tca_app.core.region.formats import LOCALE, growth, number
from tca_app.features.deployments.ui.figures import NOT_MEASURED, duration_words, frequency_words, share_words
from tca_app.features.dora.levels import per_project
from tca_app.features.dora.schemas import DoraFigures, DoraPeriod, DoraRead, DoraUnit
from tca_app.ui.components.day_bars import day_words, top_of
from tca_app.ui.components.faces import Mark, mark_of

_UNITS = ((86_400, N_("{number} d")), (3_600, N_("{number} h")), (60, N_("{number} min")), (1, N_("{number} s")))
NO_CHANGE = N_("No change")
_THAN = nN_("{change} vs. previous week", "{change} vs. previous {count} weeks")
_TICKS = {12: 3, 26: 6, 52: 13}  # weeks between two labels of the axis, by the number of weeks
_MAX_TICKS = 4  # for other numbers
WeekUrl = Callable[[DoraPeriod, str], str]


class WeekBar(TypedDict):
    """A week, from `date` to `until`. `height` is a share of the chart; `tick` is the label of the axis, or ""."""

    week: str
    date: str
    until: str
    value: str
    text: str
    tick: str
    height: str
    url: str


class Metric(TypedDict):
    """A metric. `level` is "" when nothing is measured; `trend` is better, worse, same or "".

    `graded` is the figure that the level is for, or "" when that is the value.
    """

    value: str
    level: str
    graded: str
    change: str
    is_up: bool
    trend: str
    basis: str
    top: str
    middle: str
    has_data: bool
    bars: list[WeekBar]


class UnitRow(TypedDict):
    """A project or group. `url` opens its deployments, or the metrics of the group."""

    id: int
    name: str
    slug: str
    mark: Mark
    url: str
    finished: str
    frequency: str
    lead_time: str
    failure_rate: str
    restore: str


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a metric is read, written, and scaled. `axis` returns the size of a unit and its words, by the most."""

    read: Callable[[DoraFigures], float | None]
    words: Callable[[float | None], str]
    axis: Callable[[float], tuple[float, str]]
    level: str
    basis: Callable[[DoraFigures], str]
    is_less_better: bool = True
    is_share: bool = False
    of_week: Callable[[DoraFigures], float | None] | None = None
    week_words: Callable[[float | None], str] | None = None
    graded: Callable[[DoraFigures], str] = lambda _found: ""
    counts: str = "completed"  # the status of the deployments that a bar opens


def _frequency(per_day: float | None) -> str:
    return _(NOT_MEASURED) if per_day is None else frequency_words(per_day)


def _per_project(found: DoraFigures) -> str:
    """The deployment frequency of the average project, unless there is only one."""
    share = per_project(found.deployments_per_day, found.projects)
    return _("per project: {frequency}", frequency=frequency_words(share)) if share and found.projects > 1 else ""


def _duration_axis(most: float) -> tuple[float, str]:
    return next(((size, words) for size, words in _UNITS if most >= size), (1.0, "{number} s"))


_KINDS = (
    _Kind(
        lambda found: found.deployments_per_day,
        _frequency,
        lambda _most: (1, "{number}"),
        "deployment_frequency",
        lambda found: _("{succeeded} succeeded", succeeded=number(found.succeeded)),
        is_less_better=False,
        of_week=lambda found: found.succeeded,
        week_words=lambda count: _("{number} succeeded", number=number(count or 0)),
        graded=_per_project,
        counts="succeeded",
    ),
    _Kind(
        lambda found: found.lead_time_s,
        duration_words,
        _duration_axis,
        "lead_time",
        lambda found: _("{with_commit_time} with a commit time", with_commit_time=number(found.with_commit_time)),
    ),
    _Kind(
        lambda found: found.change_failure_rate,
        share_words,
        lambda _most: (0.01, LOCALE.get().percent),
        "change_failure_rate",
        lambda found: _("{bad} of {finished} finished", bad=number(found.bad), finished=number(found.finished)),
        is_share=True,
    ),
    _Kind(
        lambda found: found.time_to_restore_s,
        duration_words,
        _duration_axis,
        "time_to_restore",
        lambda found: _("{restored} restored", restored=number(found.restored)),
    ),
)


def metrics_of(found: DoraRead, url_of: WeekUrl) -> list[Metric]:
    """Returns the four metrics, in the order of the definitions. `url_of` leads to the rows of a week with a status."""
    return [_metric(kind, found, url_of) for kind in _KINDS]


def _metric(kind: _Kind, found: DoraRead, url_of: WeekUrl) -> Metric:
    value, before = kind.read(found.total), kind.read(found.before)
    read = kind.of_week or kind.read
    values = [read(week) for week in found.trend]
    size, words = kind.axis(max((value or 0 for value in values), default=0))
    top = top_of([ceil((value or 0) / size) for value in values])
    change, is_up = _change(kind, value, before)
    return Metric(
        value=kind.words(value),
        level=getattr(found.total.levels, kind.level) or "",
        graded=kind.graded(found.total),
        change=ngettext(*_THAN, found.weeks, change=change) if change else "",
        is_up=is_up,
        trend="" if not change or change == _(NO_CHANGE) else "worse" if is_up == kind.is_less_better else "better",
        basis=kind.basis(found.total),
        top=_label(top, words),
        middle=_label(top / 2, words),
        has_data=any(values) if kind.of_week else any(value is not None for value in values),
        bars=_bars(kind, found.trend, values, top * size, url_of),
    )


def _label(value: float, words: str) -> str:
    return _(words, number=number(value, 0 if value == int(value) else 1))


def _change(kind: _Kind, value: float | None, before: float | None) -> tuple[str, bool]:
    """Returns the difference to the period before in words, and whether it is an increase."""
    if value is None or before is None or (not before and not kind.is_share):
        return "", False
    difference = 100 * (value - before) if kind.is_share else 100 * (value - before) / before
    rounded = round(difference, 1 if kind.is_share else 0)
    if not rounded:
        return _(NO_CHANGE), False
    words = _("{rounded} points", rounded=number(rounded, 1, sign=True)) if kind.is_share else growth(value, before)
    return words, rounded > 0


def _least(kind: _Kind, value: float | None) -> str:
    """A measured nothing, such as no failures, is a line; a week without a figure is blank."""
    return "0px" if value is None or kind.of_week else "2px"


def _bars(
    kind: _Kind,
    weeks: Sequence[DoraPeriod],
    values: Sequence[float | None],
    top: float,
    url_of: WeekUrl,
) -> list[WeekBar]:
    step, words = _TICKS.get(len(weeks)) or -(-len(weeks) // _MAX_TICKS), kind.week_words or kind.words
    bars = []
    for index, (week, value) in enumerate(zip(weeks, values, strict=True)):
        span = _("{since} to {until}", since=day_words(week.since), until=day_words(week.until))
        bars.append(
            WeekBar(
                week=span,
                date=week.since.isoformat(),
                until=week.until.isoformat(),
                value=words(value),
                text=f"{span}: {words(value)}",
                tick=day_words(week.until) if (len(weeks) - 1 - index) % step == 0 else "",
                height=f"max({_least(kind, value)}, {100 * (value or 0) / top:.2f}%)",
                url=url_of(week, kind.counts),
            )
        )
    return bars


def unit_row(unit: DoraUnit, url: str) -> UnitRow:
    return UnitRow(
        id=unit.id,
        name=unit.name,
        slug=unit.slug,
        mark=mark_of(unit),
        url=url,
        finished=number(unit.finished),
        frequency=frequency_words(unit.deployments_per_day),
        lead_time=duration_words(unit.lead_time_s),
        failure_rate=share_words(unit.change_failure_rate),
        restore=duration_words(unit.time_to_restore_s),
    )
