"""State of the list of `/deployments`."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facets
from tca_app.core.language.messages import _
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.bulk.service import NO_RIGHTS, Rights, rights_on
from tca_app.features.deployments.bulk.ui.state import DeploymentBulk
from tca_app.features.deployments.listing.facets import DeploymentField, count_deployments, names_of
from tca_app.features.deployments.listing.filters import DEPLOYMENTS, ENDED
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.deployments.matrix.queries import group_names
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.deployments.ui.figures import seconds_words
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import number_in, printable, query_param

FIELDS: dict[str, DeploymentField] = {
    "status": "status",
    "environment": "environment",
    "tier": "tier",
    "source": "source",
    "project": "project_id",
    "group": "group_id",
    "by": "created_by_id",
}


class DeploymentRow(TypedDict):
    """A line of the list. `took` is the duration in words, or "" before the end."""

    id: int
    version: str
    url: str
    commit: str
    project: str
    project_slug: str
    project_url: str
    mark: Mark
    environment: str
    status: str
    who: str
    face: Face
    at: str
    took: str
    can_cancel: bool
    can_decide: bool


def row_of(deployment: DeploymentRead, rights: Rights = NO_RIGHTS) -> DeploymentRow:
    return DeploymentRow(
        id=deployment.id,
        version=deployment.version,
        url=routes.deployment(deployment.id),
        commit=" · ".join(text for text in (deployment.ref, deployment.commit_sha[:7]) if text),
        project=deployment.project.name,
        project_slug=deployment.project.slug,
        project_url=routes.project(deployment.project.id),
        mark=mark_of(deployment.project),
        environment=deployment.environment.name,
        status=deployment.status,
        who=deployment.who,
        face=face_of(deployment.who, deployment.who_id),
        at=deployment.created_at.isoformat(),
        took=took(deployment.started_at, deployment.finished_at),
        can_cancel=rights.can_cancel,
        can_decide=rights.can_decide,
    )


def took(start: datetime | None, end: datetime | None) -> str:
    """ "4 min 12 s", or "" while one of the two times is missing."""
    if start is None or end is None:
        return ""
    seconds = max(0, round((end - start).total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return _("{minutes} min {seconds} s", minutes=minutes, seconds=seconds) if minutes else seconds_words(seconds)


async def rows_of(session: Session, actor: Actor, found: Sequence[DeploymentRead]) -> list[DeploymentRow]:
    """Returns the rows with what the viewer may do with them."""
    rights = await rights_on(session, actor, found)
    return [row_of(deployment, rights[deployment.id]) for deployment in found]


class DeploymentsState(DeploymentBulk, SessionState):
    """State of the list of `/deployments`."""

    rows: list[DeploymentRow] = []
    _spec: ClassVar = DEPLOYMENTS

    def _asked(self, query: TableQuery) -> DeploymentQuery:
        chosen = query.chosen
        return DeploymentQuery.model_validate(
            {
                **{name: chosen[name] for name in ("status", "environment", "tier", "source")},
                "project_id": chosen["project"],
                "group_id": chosen["group"],
                "created_by_id": chosen["by"],
                "search": printable(query.search),
                "days": query.filters["days"] or None,
                **{day.key: query.filters[day.key] or None for day in ENDED},
                "sort": query.sort,
                "skip": min(query.skip, 10_000),
                "limit": query.limit,
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[DeploymentRow], int, bool]:
        asked = self._asked(query)
        page = await deployments.list_deployments(session, actor, asked)
        self._offer_export(asked)
        return await rows_of(session, actor, page.items), page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await count_deployments(session, actor, self._asked(query), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        if key == "group":
            return await group_names(session, actor, ids)
        return await names_of(session, actor, "project_id" if key == "project" else "created_by_id", ids)

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        view = query_param(self.router_data, "view")
        if view == "measures":  # links from before the page of the metrics
            of_one = number_in(query_param(self.router_data, "project"))
            return rx.redirect(f"{routes.DORA}?project={of_one}" if of_one else routes.DORA, replace=True)
        if view == "where":
            return None
        self._watch(DeploymentsState.load, "deployments")
        return await self._load()
