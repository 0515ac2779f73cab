"""State of the environment matrix of `/deployments`. `/projects` has the same for its own list."""

from typing import Any, ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facet, Facets
from tca_app.features.deployments.matrix import queries
from tca_app.features.deployments.matrix.filters import ENVIRONMENTS
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixPage
from tca_app.features.deployments.matrix.ui.schemas import Cell, Reporter, cells_of, columns_of, reporters_of
from tca_app.features.list_preferences.schemas import MAX_COLUMN_KEY
from tca_app.ui import routes
from tca_app.ui.components.faces import Mark, mark_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import TableQuery, TableState, bare
from tca_app.ui.url import printable, query_param

DRIFT = {"behind": True, "current": False}
MAX_CHANGES = 50
ENVIRONMENT = "environment:"  # before the name of an environment, in the key of its column


class Line(TypedDict):
    id: int
    project: str
    slug: str
    mark: Mark
    url: str
    groups: str
    cells: list[Cell]


class EnvironmentColumn(TypedDict):
    """An environment of the page, or one that is hidden."""

    key: str
    name: str


class MatrixState(TableState, SessionState):
    """The projects that the search and the filters in the URL leave, in pages."""

    rows: list[Line] = []
    changes: dict[str, Line] = {}  # lines by their id that changed since `rows` was sent
    columns: list[str] = []
    environments: list[EnvironmentColumn] = []
    reporters: dict[str, Reporter] = {}  # who is named in the cells
    is_shown: bool = False

    _spec: ClassVar = ENVIRONMENTS

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        self.is_shown = query_param(self.router_data, "view") == "where"
        if not self.is_shown:
            return None
        self._watch(MatrixState.load, "deployments", "projects", "groups")
        before = list(self.columns)
        events = await self._load()
        if list(self.columns) != before:
            self.flashed = []  # the rows differ, because they have other cells
        return events

    def _may_hide(self, key: str) -> bool:
        is_environment = key.startswith(ENVIRONMENT) and key.isprintable() and len(key) <= MAX_COLUMN_KEY
        return is_environment or key in self._spec.optional

    def _on_columns(self) -> Events:
        return MatrixState.load

    def _shown_rows(self) -> list[Any]:
        changes = bare(self.changes)
        return [changes.get(str(row["id"]), row) for row in bare(self.rows)]

    def _show_rows(self, before: list[Any], rows: list[Any]) -> None:
        """Sends the lines that changed, while these are few: all of 500 projects are 200 kB."""
        changed = {str(row["id"]): row for shown, row in zip(before, rows, strict=False) if shown != row}
        changes = bare(self.changes) | changed
        is_same = [row["id"] for row in before] == [row["id"] for row in rows]
        if is_same and len(changes) <= MAX_CHANGES:
            self.changes = changes
        else:
            self.rows, self.changes = rows, {}

    def _asked(self, query: TableQuery) -> MatrixPage:
        drift = query.chosen["drift"]
        return MatrixPage.model_validate(
            {
                "skip": min(query.skip, 10_000),
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "group_id": query.chosen["group"],
                "is_behind": DRIFT[drift[0]] if len(drift) == 1 else None,
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[Line], int, bool]:
        asked = self._asked(query)
        page = await queries.environment_matrix(session, actor, asked)
        self._offer_export(asked)
        found = columns_of(page.items)
        columns = {key: name for key, name in found.items() if f"{ENVIRONMENT}{key}" not in self.hidden_columns}
        if list(self.columns) != list(columns.values()):
            self.columns = list(columns.values())
        hidden = (key.removeprefix(ENVIRONMENT) for key in self.hidden_columns if key.startswith(ENVIRONMENT))
        names = found | {key: key for key in hidden if key not in found}
        offered = [EnvironmentColumn(key=f"{ENVIRONMENT}{key}", name=name) for key, name in names.items()]
        if bare(self.environments) != offered:
            self.environments = offered
        if bare(self.reporters) != (reporters := reporters_of(page.items)):
            self.reporters = reporters
        return [_line(project, columns) for project in page.items], page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        if key == "group":
            return await queries.count_groups(session, actor, self._asked(query), search)
        counts = await queries.count_drift(session, actor, self._asked(query))
        return Facets(values=[Facet(value=value, count=count) for value, count in zip(DRIFT, counts, strict=True)])

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await queries.group_names(session, actor, ids)


def _line(found: EnvironmentMatrixRow, columns: dict[str, str]) -> Line:
    project = found.project
    url = routes.project(project.id)
    return Line(
        id=project.id,
        project=project.name,
        slug=project.slug,
        mark=mark_of(project),
        url=url,
        groups=", ".join(found.groups),
        cells=cells_of(found, columns),
    )
