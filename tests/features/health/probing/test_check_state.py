"""When a check counts as failing, without a clock or a database."""

from datetime import UTC, datetime, timedelta

import pytest

from tca_app.features.health.probing.certificates import threshold_of, time_left
from tca_app.features.health.probing.check_state import CheckState, lasted, next_state


def _changes(answers: str, opens_after: int, closes_after: int) -> list[str]:
    """What each answer (+ or -) changes, beginning with a check that was never asked."""
    standing = CheckState("unknown")
    found: list[str] = []
    for answer in answers:
        standing, change = next_state(standing, answer == "+", opens_after, closes_after)
        found.append(change or ".")
    return found


@pytest.mark.parametrize(
    ("answers", "limits", "expected"),
    [
        ("+--+--+", (3, 2), ". . . . . . ."),
        ("---", (3, 2), ". . opened"),
        ("+---+-++", (3, 2), ". . . opened . . . closed"),
        ("-+-+", (1, 1), "opened closed opened closed"),
        ("----+---+++", (3, 3), ". . opened . . . . . . . closed"),
    ],
)
def test_one_answer_among_others_changes_nothing(answers: str, limits: tuple[int, int], expected: str) -> None:
    assert _changes(answers, *limits) == expected.split()


def test_durations_are_given_in_words() -> None:
    spans = (timedelta(seconds=59), timedelta(minutes=4), timedelta(hours=2, minutes=5), timedelta(days=1, hours=4))
    assert [lasted(span) for span in spans] == ["under 1 min", "4 min", "2 h 5 min", "1 day 4 h"]


def test_the_nearest_threshold_before_the_end_of_a_certificate_counts() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    ends = (timedelta(days=30, seconds=1), timedelta(days=30), timedelta(days=14), timedelta(hours=2), timedelta(0))
    assert [threshold_of(now + end, now) for end in ends] == [None, 30, 14, 3, None]
    assert [time_left(now + timedelta(hours=hours), now) for hours in (74, 25, 2)] == [
        "3 days",
        "1 day",
        "less than a day",
    ]
