"""What the checks of queues say."""

import pytest

from tca_app.features.health.details import MAILS
from tca_app.features.health.internal_checks import _of_queue
from tca_app.features.jobs.schemas import QueueRead


@pytest.mark.parametrize(
    ("waiting", "lag", "detail"),
    [(0, 0.0, "queue empty"), (1, 0.2, "1 mail waits, no lag"), (3, 12.0, "3 mails wait, 12 s behind")],
)
def test_a_queue_says_what_waits_and_for_how_long(waiting: int, lag: float, detail: str) -> None:
    queue = QueueRead(name="email_queue", waiting=waiting, running=0, retrying=0, dead=0, lag_seconds=lag)
    assert _of_queue(queue, MAILS).detail == detail
