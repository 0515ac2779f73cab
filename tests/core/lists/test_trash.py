"""When the trash is purged, and how it is said."""

from datetime import UTC, datetime, timedelta

import pytest

from tca_app.config.settings import get_settings
from tca_app.consumers.maintenance import purge_trash
from tca_app.core.jobs.queue import schedule
from tca_app.core.lists.trash import PURGE_MINUTE, purge_time, trash_text
from tca_app.ui.table.trash import time_left


@pytest.mark.parametrize(
    ("deleted", "purged"),
    [
        (datetime(2026, 3, 1, 10, 30, tzinfo=UTC), datetime(2026, 3, 31, 10, 37, tzinfo=UTC)),
        (datetime(2026, 3, 1, 10, 37, tzinfo=UTC), datetime(2026, 3, 31, 11, 37, tzinfo=UTC)),
        (datetime(2026, 3, 1, 23, 50, 5, tzinfo=UTC), datetime(2026, 4, 1, 0, 37, tzinfo=UTC)),
    ],
)
def test_a_row_is_purged_in_the_run_after_its_days(deleted: datetime, purged: datetime) -> None:
    assert purge_time(deleted) == purged


def test_the_run_is_at_that_minute() -> None:
    assert schedule["purge_trash", ""].cron == f"{PURGE_MINUTE} * * * *"
    assert callable(purge_trash)


def test_without_days_the_trash_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "retention_trash_days", 0)
    assert purge_time(datetime.now(UTC)) is None
    assert trash_text("users") == "Deleted users stay here and can be restored."


def test_an_empty_trash_says_for_how_long() -> None:
    assert trash_text("users") == "Deleted users stay here for 30 days and can be restored."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (30 * 86_400 + 3_600, "in 30 days"),
        (30 * 86_400 + 3_601, "in 31 days"),
        (86_401, "in 1 day"),
        (86_400, "in 24 hours"),
        (3_600, "in 1 hour"),
        (-5, "in 1 hour"),
    ],
)
def test_time_left(seconds: float, text: str) -> None:
    assert time_left(seconds) == text


def test_rows_are_purged_in_the_order_in_which_they_were_deleted() -> None:
    """The head "Purged" of a trash sorts by the time of deletion."""
    start = datetime(2026, 3, 1, 10, tzinfo=UTC)
    times = [purge_time(start + timedelta(minutes=minutes)) for minutes in range(0, 180, 7)]
    assert times == sorted(time for time in times if time)
