"""State of the list of jobs on `/status/jobs`."""

import json
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _
from tca_app.features.jobs import listing, service as jobs
from tca_app.features.jobs.filters import JOBS, STATE_LABELS, queue_label
from tca_app.features.jobs.schemas import JobBulk, JobQuery, JobResult
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable


class JobRow(TypedDict):
    """A job in the list. Times are ISO 8601, or ""."""

    id: int
    kind: str
    queue: str
    state: str
    attempts: int
    args: str
    reason: str
    failed_at: str
    next_at: str


class JobsState(BulkActions, SessionState):
    """State of the list. The URL holds its filters."""

    rows: list[JobRow] = []

    _bulk: ClassVar = BulkSpec(
        "jobs.manage",
        "job",
        (
            BulkAction("retry", N_("Retry"), N_("retried")),
            BulkAction(
                "discard", N_("Discard"), N_("discarded"), N_("They will not run. This cannot be undone."), danger=True
            ),
        ),
        refused=N_("no longer dead"),
    )
    _spec: ClassVar = JOBS

    def _asked(self, query: TableQuery) -> JobQuery:
        return JobQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "state": query.chosen["state"] or list(STATE_LABELS),
                "queue": query.chosen["queue"],
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[JobRow], int, bool]:
        asked = self._asked(query)
        page = await listing.list_jobs(session, actor, asked)
        self._offer_export(asked)
        return [_row(job) for job in page.items], page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await listing.count_jobs(session, actor, self._asked(query), "state" if key == "state" else "queue")

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[JobResult]:
        return await jobs.bulk_jobs(session, actor, JobBulk.model_validate({"action": action, "ids": ids}))

    @rx.var
    def takes_bulk(self) -> bool:
        """Whether the list shows dead jobs, the only ones to retry or discard."""
        return any(row["state"] == "dead" for row in self.rows)

    @handler("jobs.manage", supersedes=True)
    async def load(self) -> Events:
        self._watch(JobsState.load, "jobs")
        return await self._load()


def _row(job: Any) -> JobRow:
    return JobRow(
        id=job.id,
        kind=job.kind,
        queue=_(queue_label(job.queue)),
        state=job.state,
        attempts=job.attempts,
        args=json.dumps(job.args, ensure_ascii=False)[:200],
        reason=job.reason,
        failed_at=job.failed_at.isoformat() if job.failed_at else "",
        next_at=job.next_at.isoformat() if job.next_at else "",
    )
