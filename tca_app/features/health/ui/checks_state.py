"""State of the list of health checks."""

from datetime import UTC, datetime
from typing import ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.language.messages import _
from tca_app.core.language.stored import name_text, stored_text
from tca_app.core.region.formats import number
from tca_app.features.health import listing
from tca_app.features.health.filters import CHECKS, KINDS
from tca_app.features.health.probing.check_state import is_wavering, shown_state
from tca_app.features.health.schemas import CheckQuery, CheckRead
from tca_app.features.health.ui.certificates import certificate_tone, certificate_words
from tca_app.features.health.ui.filter_names import shown_names
from tca_app.features.projects.refs import read_refs
from tca_app.features.projects.schemas import ProjectRef
from tca_app.ui import routes
from tca_app.ui.components.faces import Mark, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import TableQuery, TableState
from tca_app.ui.url import printable

FIELDS: dict[str, listing.CheckField] = {"state": "shown_state", "kind": "kind", "project": "project_id"}


class CheckRow(TypedDict):
    """A line of the list. Times are ISO 8601, or "" for never; a component of the console has no project."""

    id: int
    name: str
    mark: Mark
    detail: str
    state: str
    is_wavering: bool
    kind: str
    project: str
    project_url: str
    latency: str
    since: str
    last_at: str
    certificate: str
    certificate_tone: str
    may_manage: bool


def _row(check: CheckRead, project: ProjectRef | None, now: datetime) -> CheckRow:
    latency = check.last_latency_ms
    return CheckRow(
        id=check.id,
        name=name_text(check.name),
        mark=mark_of(project),
        detail=stored_text(check.last_detail),
        state="paused" if check.is_paused else shown_state(check),
        is_wavering=is_wavering(check),
        kind=_(dict(KINDS)[check.kind]),
        project=project.name if project else "",
        project_url=routes.project(project.id) if project else "",
        latency="" if latency is None else _("{latency} ms", latency=number(latency)),
        since=check.since.isoformat(),
        last_at=check.last_at.isoformat() if check.last_at else "",
        certificate=certificate_words(check, now),
        certificate_tone=certificate_tone(check, now),
        may_manage=check.may_manage,
    )


class ChecksState(TableState, SessionState):
    """State of `/status/checks`."""

    rows: list[CheckRow] = []

    _spec: ClassVar = CHECKS

    def _asked(self, query: TableQuery) -> CheckQuery:
        return CheckQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "shown_state": query.chosen["state"],
                "kind": query.chosen["kind"],
                "project_id": query.chosen["project"],
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[CheckRow], int, bool]:
        asked, now = self._asked(query), datetime.now(UTC)
        page = await listing.list_checks(session, actor, asked)
        self._offer_export(asked)
        refs = await read_refs(session, (check.project_id for check in page.items))
        rows = [_row(check, refs.get(check.project_id or 0), now) for check in page.items]
        return rows, page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await listing.count_checks(session, actor, self._asked(query), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await shown_names(session, actor, key, ids)

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        self._watch(ChecksState.load, "health", "projects")
        return await self._load()
