"""The level of each DORA metric: elite, high, medium or low.

The limits follow the clusters of the Accelerate State of DevOps Report 2023 of DORA. What lies between two clusters
has the level of the lower one.
"""

from typing import Literal

Level = Literal["elite", "high", "medium", "low"]
_HOUR, _DAY = 3_600, 86_400
_WEEK, _MONTH = 7 * _DAY, 30 * _DAY
SOURCE = "Accelerate State of DevOps Report 2023"
_NAMES: tuple[Level, ...] = ("elite", "high", "medium")


def frequency_level(per_day: float | None) -> Level | None:
    """Returns the level of the deployments per day of one project: once a day, a week, a month, or fewer."""
    if per_day is None:
        return None
    return next((name for name, least in zip(_NAMES, (1, 1 / 7, 1 / 30), strict=True) if per_day >= least), "low")


def lead_time_level(seconds: float | None) -> Level | None:
    return _at_most(seconds, (_DAY, _WEEK, _MONTH))


def failure_rate_level(share: float | None) -> Level | None:
    return _at_most(share, (0.05, 0.1, 0.15))


def restore_level(seconds: float | None) -> Level | None:
    return _at_most(seconds, (_HOUR, _DAY, _WEEK))


def _at_most(value: float | None, limits: tuple[float, float, float]) -> Level | None:
    if value is None:
        return None
    return next((name for name, limit in zip(_NAMES, limits, strict=True) if value <= limit), "low")
