"""When a check counts as failing, without a clock or a database."""

from datetime import UTC, datetime, timedelta

import pytest

from tca_app.features.health.probing.check_state import CheckState, lasted, next_state
from tca_app.features.health.probing.probes import certificate_words


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
    assert [lasted(span) for span in spans] == ["0 min", "4 min", "2 h 5 min", "1 day 4 h"]


def test_a_certificate_is_spoken_of_while_it_can_be_renewed() -> None:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    assert certificate_words(now + timedelta(days=15), now) == ""
    assert certificate_words(now + timedelta(days=3, hours=2), now) == "; certificate expires in 3 days"
