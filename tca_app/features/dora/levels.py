"""The level of each DORA metric: elite, high, medium or low.

The limits follow the clusters of the Accelerate State of DevOps Report 2023 of DORA. What lies between two clusters
has the level of the lower one. The figures are rounded as they are shown, so that a level never contradicts its figure.
"""

from typing import Literal

from tca_app.features.deployments.rounding import (
    DAY_S,
    HOUR_S,
    rounded_duration,
    rounded_frequency,
    rounded_share,
)

Level = Literal["elite", "high", "medium", "low"]
_WEEK, _MONTH = 7 * DAY_S, 30 * DAY_S
SOURCE = "Accelerate State of DevOps Report 2023"
_NAMES: tuple[Level, ...] = ("elite", "high", "medium")


def per_project(per_day: float, projects: int) -> float | None:
    """Returns the deployments per day of the average project with deployments, or None without one."""
    return per_day / projects if projects else None


def frequency_level(per_day: float | None) -> Level | None:
    """Returns the level of the deployments per day of one project: once a day, a week, a month, or fewer."""
    if per_day is None:
        return None
    # The limits are rounded as well: once in 30 days is shown as 0.2 a week, which must have one level.
    shown, *limits = (amount / days for amount, days in map(rounded_frequency, (per_day, 1, 1 / 7, 1 / 30)))
    return next((name for name, least in zip(_NAMES, limits, strict=True) if shown >= least), "low")


def lead_time_level(seconds: float | None) -> Level | None:
    return _at_most(_as_shown(seconds), (DAY_S, _WEEK, _MONTH))


def failure_rate_level(share: float | None) -> Level | None:
    return _at_most(None if share is None else rounded_share(share), (0.05, 0.1, 0.15))


def restore_level(seconds: float | None) -> Level | None:
    return _at_most(_as_shown(seconds), (HOUR_S, DAY_S, _WEEK))


def _as_shown(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    amount, size = rounded_duration(seconds)
    return amount * size


def _at_most(value: float | None, limits: tuple[float, float, float]) -> Level | None:
    if value is None:
        return None
    return next((name for name, limit in zip(_NAMES, limits, strict=True) if value <= limit), "low")
