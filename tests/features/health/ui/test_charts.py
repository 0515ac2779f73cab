"""Bars and sparklines: their position, their height and their text."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tca_app.core.region.formats import LOCALE, ZONE, percent
from tca_app.core.region.locales import LOCALES
from tca_app.features.health.schemas import Point
from tca_app.features.health.ui.charts import bars_of, latencies_of, spark_of

NOW = datetime(2026, 5, 4, 9, 58, tzinfo=UTC)
HOUR = timedelta(hours=1)


def point(hours_ago: int, passed: int, latency: float = 10.0) -> Point:
    start = NOW.replace(minute=0) - hours_ago * HOUR
    return Point(starts_at=start, count=60, passed=passed, latency_avg_ms=latency, latency_max_ms=latency)


def test_a_bar_is_as_high_as_its_share_and_says_so() -> None:
    bars = bars_of([point(3, 60), point(2, 58), point(0, 0)], NOW, 4, HOUR, "hour")
    assert bars["good"] == "M0 0h3v24h-3z"
    assert bars["some"] == "M4 1h3v23h-3z"
    assert bars["none"] == "M8 23h3v1h-3z"
    assert bars["bad"] == "M12 21h3v3h-3z"
    assert bars["share"] == "65.56%"
    assert bars["text"] == ("The last 4 hours: 65.56% of the checks passed; the worst hour was 09:00 UTC with 0%.")


def test_what_is_too_old_or_not_there_is_not_counted() -> None:
    assert bars_of([point(4, 0)], NOW, 4, HOUR, "hour")["text"] == "Not checked in the last 4 hours."
    bars = bars_of([point(4, 0), point(0, 60)], NOW, 4, HOUR, "hour")
    assert (bars["share"], bars["bad"], bars["text"]) == (
        "100%",
        "",
        "The last 4 hours: 100% of the checks passed.",
    )


def test_a_hundred_is_said_only_of_a_hundred() -> None:
    assert [percent(value) for value in (100.0, 99.9999, 99.5, 0.0)] == ["100%", "99.99%", "99.50%", "0%"]


def test_a_gap_breaks_the_line() -> None:
    line = spark_of([point(4, 60, 5.0), point(3, 60, 10.0), point(1, 60, 10.0)], NOW, 5)
    assert line == "M1.5 12.0h1L5.5 2.0M13.5 2.0h1"
    assert spark_of([], NOW, 5) == ""


def test_the_latencies_are_those_of_the_line() -> None:
    assert latencies_of([point(3, 60, 5.0), point(1, 60, 1200.4)], NOW, 4) == "5 ms||1,200 ms|"


def test_the_worst_hour_is_that_of_the_viewer() -> None:
    zone, locale = ZONE.set(ZoneInfo("Asia/Kolkata")), LOCALE.set(LOCALES["en-US"])
    text = bars_of([point(1, 60), point(0, 0)], NOW, 4, HOUR, "hour")["text"]
    LOCALE.reset(locale)
    ZONE.reset(zone)
    assert "the worst hour was 02:30 PM UTC+5:30 with 0%" in text
