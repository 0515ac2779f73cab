"""Bars and sparklines as SVG paths with a text alternative. A check takes a few paths, not hundreds of nodes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from tca_app.core.language.messages import N_, _, ngettext, nN_, short_day
from tca_app.core.region.formats import LOCALE, ZONE, number, offset_words, percent
from tca_app.features.health.probing.check_state import lasted
from tca_app.features.health.schemas import Point

HEIGHT = 24
STEP, BAR = 4, 3  # distance between bars, and width of a bar
NONE, HOUR = timedelta(), timedelta(hours=1)
_NOT_CHECKED = {
    "hour": nN_("Not checked in the last {count} hour.", "Not checked in the last {count} hours."),
    "day": nN_("Not checked in the last {count} day.", "Not checked in the last {count} days."),
}
_PASSED = {
    "hour": nN_(
        "The last {count} hour: {share} of the checks passed", "The last {count} hours: {share} of the checks passed"
    ),
    "day": nN_(
        "The last {count} day: {share} of the checks passed", "The last {count} days: {share} of the checks passed"
    ),
}
_WORST = {
    "hour": N_("{text}; the worst hour was {hour} with {share}."),
    "day": N_("{text}; the worst day (UTC) was {day} with {share}."),
}
LOWEST = 3  # minimum height, so that a bar without a passed check is visible


class Bars(TypedDict):
    """A path for each style: all passed, some, fewer than nine in ten, not probed. `box` is the viewBox.

    `text` is the text alternative, and `shares` has the share of each bar, or "", for its tip.
    """

    good: str
    some: str
    bad: str
    none: str
    box: str
    text: str
    share: str
    shares: str


def bars_of(
    points: Sequence[Point], now: datetime, count: int, step: timedelta, unit: str, maintenance: timedelta = NONE
) -> Bars:
    """Returns one bar for each of the last `count` steps, as high as the share of passed checks.

    `maintenance` is how much of that time the points leave out.
    """
    drawn = _steps(points, now, count, step)
    paths: dict[str, list[str]] = {"good": [], "some": [], "bad": [], "none": []}
    shares = []
    for index, point in enumerate(drawn):
        look = _look(point)
        shares.append(_share([point]) if point else "")
        height = max(LOWEST, round(HEIGHT * point.passed / point.count)) if point else 1
        paths[look].append(f"M{index * STEP} {HEIGHT - height}h{BAR}v{height}h-{BAR}z")
    shown = [point for point in drawn if point]
    good, some, bad, none = ("".join(parts) for parts in paths.values())
    return Bars(
        good=good,
        some=some,
        bad=bad,
        none=none,
        box=f"0 0 {count * STEP} {HEIGHT}",
        text=_words(shown, count, unit)
        + (_(" {maintenance} of maintenance left out.", maintenance=lasted(maintenance)) if maintenance else ""),
        share=_share(shown),
        shares="|".join(shares),
    )


def _steps(points: Sequence[Point], now: datetime, count: int, step: timedelta) -> list[Point | None]:
    """Returns the point of each of the last `count` steps, or None for a step without a probe."""
    last = now - (now - datetime(2000, 1, 1, tzinfo=now.tzinfo)) % step
    by_start = {point.starts_at: point for point in points}
    return [by_start.get(last - step * (count - 1 - index)) for index in range(count)]


def _look(point: Point | None) -> str:
    if point is None:
        return "none"
    if point.passed == point.count:
        return "good"
    return "some" if point.passed >= 0.9 * point.count else "bad"


def _words(points: Sequence[Point], count: int, unit: str) -> str:
    if not points:
        return ngettext(*_NOT_CHECKED[unit], count)
    worst = min(points, key=lambda point: point.passed / point.count)
    text = ngettext(*_PASSED[unit], count, share=_share(points))
    if worst.passed == worst.count:
        return f"{text}."
    local = worst.starts_at.astimezone(ZONE.get())
    hour = f"{LOCALE.get().time(local)} {offset_words(local)}"
    share = percent(100 * worst.passed / worst.count)
    return _(_WORST[unit], text=text, hour=hour, day=short_day(worst.starts_at), share=share)


def _share(points: Sequence[Point]) -> str:
    count = sum(point.count for point in points)
    return percent(100 * sum(point.passed for point in points) / count) if count else "–"


def spark_words(latency: str, slowest_ms: float, hours: int, *, is_paused: bool) -> str:
    """Returns the text alternative of the line. `latency` is the last one in words, or ""."""
    words = (
        N_("Latency of the last {hours} hours: last {latency}, at most {slowest} ms.")
        if is_paused
        else N_("Latency of the last {hours} hours: now {latency}, at most {slowest} ms.")
    )
    return _(words, hours=hours, latency=latency or _("unknown"), slowest=number(slowest_ms))


def hour_labels(until: datetime, count: int, *, is_of_days: bool) -> list[str]:
    """Returns the start of each of the hours before `until`: in UTC with its day, or in the viewer's time."""
    last = until - timedelta(microseconds=1)
    first = last.replace(minute=0, second=0, microsecond=0) - timedelta(hours=count - 1)
    starts = [(first + timedelta(hours=index)).astimezone(UTC if is_of_days else ZONE.get()) for index in range(count)]
    time = LOCALE.get().time
    return [f"{short_day(at.date())}, {time(at)} UTC" if is_of_days else time(at) for at in starts]


def latencies_of(points: Sequence[Point], now: datetime, count: int) -> str:
    """Returns the average latency of each hour in words, or "", as the line of `spark_of` shows them."""
    return "|".join(latency_words(point.latency_avg_ms) if point else "" for point in _steps(points, now, count, HOUR))


def latency_words(latency_ms: float) -> str:
    return _("{latency} ms", latency=number(latency_ms))


def spark_of(points: Sequence[Point], now: datetime, count: int = 24) -> str:
    """Returns a line through the average latency of each hour. A gap breaks it; a single hour is a short dash."""
    values = [point.latency_avg_ms if point else None for point in _steps(points, now, count, HOUR)]
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    parts, is_drawing = [], False
    for index, value in enumerate(values):
        if value is not None:
            height = round(HEIGHT - 2 - (HEIGHT - 4) * value / top, 1)
            x = index * STEP + BAR / 2  # above the middle of the bar of that hour
            parts.append(f"{'L' if is_drawing else 'M'}{x} {height}" + ("" if is_drawing else "h1"))
        is_drawing = value is not None
    return "".join(parts)
