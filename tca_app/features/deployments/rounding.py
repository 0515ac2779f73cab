"""How the DORA metrics are rounded where they are shown. Their levels are those of the rounded figures."""

DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60


def rounded_share(share: float) -> float:
    """Returns the share in whole percent, as `percent` writes it."""
    return round(100 * share) / 100


def rounded_duration(seconds: float) -> tuple[float, int]:
    """Returns the amount and the size of its unit in seconds: 1 for what is shorter than a minute."""
    size = next((size for size in (DAY_S, HOUR_S, MINUTE_S) if seconds >= size), 1)
    return round(seconds / size, 1), size


def rounded_frequency(per_day: float) -> tuple[float, int]:
    """Returns how many in how many days: by day from one a day on, else by week."""
    days = 1 if per_day >= 1 else 7
    return round(days * per_day, 1), days
