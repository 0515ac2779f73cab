"""Runs imports, a batch in each job."""

from procrastinate.jobs import Job

from tca_app.core.database.session import transaction
from tca_app.core.jobs.queue import MAINTENANCE_QUEUE, is_last, task
from tca_app.features.imports import run
from tca_app.features.imports.service import TASK


@task(TASK, MAINTENANCE_QUEUE)
async def run_import(job: Job, import_id: int, done: int) -> None:
    """Import the rows after the first `done`. When that fails for good, the rest is in the error file."""
    try:
        async with transaction() as session:
            await run.run_batch(session, import_id, done)
    except Exception as error:
        if is_last(error, job):
            async with transaction() as session:
                await run.fail(session, import_id)
        raise
