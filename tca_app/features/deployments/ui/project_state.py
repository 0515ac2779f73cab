"""State of the tab "Deployments" of a project: environments, the newest deployments, and the form to create one."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import AppError, NotFound
from tca_app.core.language.messages import _
from tca_app.core.lists.bulk import BulkResult
from tca_app.core.lists.query import TableQuery, TableSpec
from tca_app.core.urls import link_of
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.bulk.ui.state import DeploymentBulk
from tca_app.features.deployments.errors import Frozen
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.deployments.matrix.queries import environments_with_versions
from tca_app.features.deployments.matrix.ui.drift import drift_words
from tca_app.features.deployments.policy import may_override_freeze
from tca_app.features.deployments.schemas import DeploymentCreate, DeploymentRead
from tca_app.features.deployments.ui.freeze_notice import NO_FREEZE, Freeze, freeze_of
from tca_app.features.deployments.ui.state import DeploymentRow, rows_of
from tca_app.features.environments import freezes, service as environments
from tca_app.features.idempotency import service as idempotency
from tca_app.features.projects import policy, service as projects
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param, record_id
from tca_app.ui.zone import zone_of

SHOWN = 25
FIELDS = ("environment", "version", "commit_sha", "ref", "description", "freeze_reason")


class EnvironmentCard(TypedDict):
    """An environment with its current version and its drift, both "" before the first deployment."""

    id: int
    name: str
    address: str
    is_protected: bool
    version: str
    url: str
    at: str
    who: str
    face: Face
    drift: str
    is_newest: bool
    freeze: Freeze


class ProjectDeploymentsState(DeploymentBulk, FormState, RecordState, SessionState):
    """State of the tab. Its newest deployments are a list without filters."""

    rows: list[DeploymentRow] = []
    environments: list[EnvironmentCard] = []
    environment_options: list[list[str]] = []
    may_deploy: bool = False
    may_override_freeze: bool = False
    chosen: str = ""  # the environment chosen in the form
    project_id: int = 0

    _project_name: str = ""
    _spec: ClassVar = TableSpec(sorts=("id",), default_sort="-id", size=SHOWN)

    @rx.var
    def has_more(self) -> bool:
        return self.total > SHOWN

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the tab, only while it is open: the other tabs do not wait for it."""
        project_id, actor = record_id(self.router_data, routes.PROJECTS), self._as_actor()
        if self._enter_record():
            self.project_id, self.rows, self.environments, self.is_loaded = project_id, [], [], False
            self.load_error = ""
            self._forget_bulk()
            self._hide_left_form()
        if query_param(self.router_data, "tab") != "deployments":
            return
        self._watch(ProjectDeploymentsState.load, f"project:{project_id}")
        try:
            async with reading() as session:
                project = await projects.get_project(session, actor, project_id)
                there = await environments.list_environments(session, actor, project_id)
                newest = await self._fetch(session, actor, self._query())
                current = await deployments.current_by_environment(session, actor, project_id)
                matrix = await environments_with_versions(session, actor, [project_id])
                holding = await freezes.list_holding(session, actor, project_id)
        except NotFound:
            return  # the page reports it itself
        except AppError as error:
            self.load_error = error.detail
            return
        self._keep(self._query(), *newest)
        zone = zone_of(self.router_data)
        places = matrix[project_id].places if project_id in matrix else []
        behind = {place.environment_id: place.behind for place in places}
        self.environments = [
            _card(
                environment,
                current.get(environment.id),
                freeze_of(holding, environment.id, zone),
                behind.get(environment.id),
            )
            for environment in there
        ]
        self.environment_options = [[environment.name, environment.name] for environment in there]
        self._project_name = project.name
        self.may_deploy = policy.may(actor, "deployments.write", project.my_role)
        self.may_override_freeze = may_override_freeze(actor)

    def _query(self) -> TableQuery:
        return TableQuery(sort=self._spec.default_sort, size=SHOWN)

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[DeploymentRow], int, bool]:
        project_id = record_id(self.router_data, routes.PROJECTS)
        asked = DeploymentQuery(project_id=[project_id], skip=query.skip, limit=query.limit)
        page = await deployments.list_deployments(session, actor, asked)
        return await rows_of(session, actor, page.items), page.total, page.capped

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        self._require_url()
        return await super()._apply(session, actor, action, ids)

    def _name_of(self, row: Any) -> str:
        return str(row["version"])

    @rx.var
    def freeze(self) -> Freeze:
        """The active freeze of the chosen environment."""
        return next(
            (environment["freeze"] for environment in self.environments if environment["name"] == self.chosen),
            NO_FREEZE,
        )

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.PROJECTS)]

    @handler("signed_in")
    async def open_create(self, project_id: int) -> Events:
        self._require_record(project_id, self.project_id)
        self.chosen = self.environment_options[0][0] if self.environment_options else ""
        values = dict.fromkeys(FIELDS, "") | {"environment": self.chosen}
        self._open_form("create", values, row_id=project_id, name=self._project_name)
        return ProjectDeploymentsState.load  # a window may have begun or ended since; no event announces that

    @handler("signed_in")
    async def choose(self, environment: str) -> None:
        """Chooses another environment, with its freeze."""
        self.chosen = environment

    @handler("signed_in")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            try:
                made = await self._create(values)
            except Frozen:
                yield ProjectDeploymentsState.load  # it may have changed since the dialog was opened
                raise
            self._close_form()
            asks = made.status == "pending_approval"
            self._toast(
                f"{made.version} {_('awaits approval') if asks else _('queued')}", url=routes.deployment(made.id)
            )
            yield ProjectDeploymentsState.load

    async def _create(self, values: dict[str, str]) -> DeploymentRead:
        data = DeploymentCreate.model_validate(values)
        actor, project_id = self._as_actor(), self.form_id
        async with transaction() as session:
            return await idempotency.once(
                session,
                actor,
                self.form_key,
                f"ui create deployment {project_id} {data.model_dump_json()}",
                DeploymentRead,
                lambda: deployments.create_deployment(session, actor, project_id, data, source="ui"),
                lambda made: deployments.get_deployment(session, actor, made.id),
            )


def _card(environment: Any, current: DeploymentRead | None, freeze: Freeze, behind: int | None) -> EnvironmentCard:
    return EnvironmentCard(
        id=environment.id,
        name=environment.name,
        address=link_of(environment.url),
        is_protected=environment.is_protected,
        version=current.version if current else "",
        url=routes.deployment(current.id) if current else "",
        at=current.finished_at.isoformat() if current and current.finished_at else "",
        who=current.who if current else "",
        face=face_of(current.who, current.who_id) if current else face_of(""),
        drift=drift_words(behind),
        is_newest=behind == 0,
        freeze=freeze,
    )
