"""verify-log finds a changed row, a missing row and a truncated chain."""

import psycopg
import pytest

from tca_app.config.settings import get_settings
from tca_app.core.events import verify
from tca_app.core.events.log import emit
from tca_app.core.events.verify import verify_log
from tca_app.features.projects.events import ProjectUpdated
from tests.factories import run


@pytest.fixture(autouse=True)
async def three_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "BATCH", 2)
    for _ in range(3):
        await run(emit, None, ProjectUpdated(subject_id=7, subject_name="Billing"))
    await run(emit, None, ProjectUpdated(subject_id=8, subject_name="Other"))


def forge(statement: str) -> None:
    """As somebody who may switch the triggers off."""
    with psycopg.connect(get_settings().database_url.get_secret_value(), autocommit=True) as forger:
        forger.execute("SET session_replication_role = replica")
        forger.execute(statement)


async def test_an_untouched_log_is_intact() -> None:
    found = await run(verify_log)
    assert (found.events, found.chains, found.fault) == (4, 2, "")


@pytest.mark.parametrize(
    ("forgery", "said"),
    [
        ("UPDATE events SET subject_name = 'x' WHERE sequence = 2", "number 2): its content is not what was written"),
        ("UPDATE events SET data = '{}' WHERE sequence = 2", "its content is not what was written"),
        ("DELETE FROM events WHERE sequence = 2", "number 3): the event before it is gone"),
        ("DELETE FROM events WHERE sequence = 1 AND subject_id = 7", "number 2): the event before it is gone"),
        ("DELETE FROM events WHERE sequence = 3", "project 7 do not end where they did"),
        ("DELETE FROM events WHERE subject_id = 8", "project 8 do not end where they did"),
        (
            "UPDATE events SET actor_name = 'x' WHERE sequence = 2;"
            "UPDATE events AS e SET hash = event_hash(e) WHERE sequence = 2",
            "number 3): it does not follow the event before it",
        ),
    ],
)
async def test_the_first_broken_row_is_named(forgery: str, said: str) -> None:
    forge(forgery)
    assert said in (await run(verify_log)).fault
