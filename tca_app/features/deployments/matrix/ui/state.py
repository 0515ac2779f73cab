"""State of the environment matrix of `/deployments`. `/projects` has the same for its own list."""

from typing import TypedDict

from tca_app.core.database.session import reading
from tca_app.features.deployments.matrix.queries import list_known_groups, search_matrix
from tca_app.features.deployments.matrix.schemas import EnvironmentMatrixRow, MatrixSearch
from tca_app.features.deployments.matrix.ui.schemas import Cell, cells_of, columns_of
from tca_app.ui import routes
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.url import number_in, printable, query_param

STEP, MOST = 100, 1_000  # projects that are drawn at once, and at most


class Line(TypedDict):
    id: int
    project: str
    slug: str
    url: str
    cells: list[Cell]


class MatrixState(SessionState):
    """The first projects by name that the search and the filters in the URL leave."""

    is_shown: bool = False
    is_loaded: bool = False
    has_more: bool = False
    columns: list[str] = []
    lines: list[Line] = []
    groups: list[list[str]] = []
    search: str = ""
    group: str = ""
    drift: str = ""

    _extra: int = 0  # projects that are shown beyond the first STEP

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        self.is_shown = query_param(self.router_data, "view") == "where"
        if not self.is_shown:
            return
        self._watch(MatrixState.load, "deployments", "projects", "groups")
        search, group, drift = (query_param(self.router_data, name) for name in ("q", "group", "drift"))
        group_id, actor = number_in(group), self._as_actor()
        if (self.search, self.group, self.drift) != (search, group, drift):
            self.search, self.group, self.drift, self._extra = search, group, drift, 0
        limit = STEP + self._extra
        asked = MatrixSearch(
            limit=limit + 1,
            search=printable(search),
            group_id=group_id or None,
            only_behind=drift == "behind",
        )
        async with reading() as session:
            found = await search_matrix(session, actor, asked)
            groups = await list_known_groups(session, actor)
        self.has_more = len(found) > limit and limit < MOST
        shown = found[:limit]
        columns = columns_of(shown)
        self.columns, self.lines = list(columns.values()), [_line(project, columns) for project in shown]
        self.groups = [[str(id_), name] for id_, name in groups]
        self.is_loaded = True

    @handler("signed_in")
    async def show_more(self) -> Events:
        self._extra = min(MOST - STEP, self._extra + STEP)
        return MatrixState.load


def _line(found: EnvironmentMatrixRow, columns: dict[str, str]) -> Line:
    project = found.project
    url = routes.project(project.id)
    return Line(id=project.id, project=project.name, slug=project.slug, url=url, cells=cells_of(found, columns))
