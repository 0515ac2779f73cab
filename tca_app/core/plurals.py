"""Formats a number with its noun: "1 minute", "2 minutes", "1,204 people"."""

from datetime import UTC, datetime, timedelta

from tca_app.core.language.messages import _, ngettext
from tca_app.core.region.formats import number


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return the number with the noun in singular or plural. `nouns` is an irregular plural."""
    return f"{number(count)} {noun if count == 1 else nouns or f'{noun}s'}"


def counted(count: int, forms: tuple[str, str], **values: object) -> str:
    """Return the form for a number in English, for the database: see `core.language.stored`."""
    return forms[count != 1].format(count=number(count), **values)


def time_left(due: datetime | None) -> str:
    """Return how many days are left, in words; "" without a time, or when it has passed."""
    left = due - datetime.now(UTC) if due else timedelta(0)
    if left <= timedelta(0):
        return ""
    return ngettext("{count} day", "{count} days", left.days) if left.days else _("less than a day")
