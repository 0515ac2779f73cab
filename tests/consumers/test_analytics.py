"""Daily metrics equal what the log says, after duplicates, failures and repairs."""

from sqlalchemy import text

from tca_app.consumers.analytics import recount
from tca_app.core.database.session import reading, transaction
from tca_app.core.events.log import emit
from tca_app.features.projects import service as projects
from tca_app.features.projects.events import ProjectCreated, ProjectUpdated
from tca_app.features.projects.schemas import ProjectCreate
from tests.factories import do_jobs, make_user, run


async def numbers() -> dict[str, int]:
    async with reading() as session:
        rows = await session.execute(text("SELECT name || dimension, value FROM daily_metrics"))
        return {name: value for name, value in rows if value}


async def test_every_event_is_counted_once() -> None:
    ana = await make_user()
    for number in range(3):
        await run(projects.create_project, ana, ProjectCreate(name=f"Project {number}"))
    await run(emit, ana, ProjectUpdated(subject_id=1, subject_name="x"))
    await do_jobs()
    await do_jobs()
    assert await numbers() == {
        "projects_created": 3,
        "projects_active": 3,
        "eventsproject_created": 3,
        "eventsproject_updated": 1,
    }
    assert await run(recount) == (4, [], 0)


async def test_recount_repairs_differences() -> None:
    await run(emit, None, ProjectCreated(subject_id=1, subject_name="x"))
    await do_jobs()
    right = await numbers()
    async with transaction() as session:
        await session.execute(text("UPDATE daily_metrics SET value = 7 WHERE name = 'projects_created'"))
        await session.execute(text("DELETE FROM daily_metrics WHERE name = 'events'"))
        await session.execute(text("INSERT INTO daily_metrics VALUES ('2020-01-01', 'sign_ins', '', 3)"))
    total, wrong, mended = await run(recount)
    assert (total, len(wrong), mended) == (3, 3, 3)
    assert "projects_created: 7 -> 1" in " ".join(wrong)
    assert await numbers() == right
    assert (await run(recount))[1] == []


async def test_what_waits_to_be_counted_is_no_difference() -> None:
    await run(emit, None, ProjectCreated(subject_id=1, subject_name="x"))
    assert await run(recount) == (0, [], 0)
