"""State of the list of projects: the table, the form to create or edit one, and bulk actions."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import Invalid
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.idempotency import service as idempotency
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.listing.facets import ProjectField, count_projects, count_teams, owner_names, team_names
from tca_app.features.projects.listing.filters import MINE, PROJECTS, STATUSES
from tca_app.features.projects.schemas import ProjectBulk, ProjectCreate, ProjectQuery, ProjectRead, ProjectUpdate
from tca_app.features.projects.ui.form_state import ProjectForm
from tca_app.features.projects.ui.picker_state import PickerState
from tca_app.features.users.trash import Deleter, list_deleters
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.components.roles import role_label
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import RESTORE, BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.table.trash import Trashed, trashed
from tca_app.ui.url import printable, query_param

Cells = tuple[list[str], dict[str, Any], dict[int, list[Any]]]
CellReader = Callable[[Any, Actor, Sequence[int]], Awaitable[Cells]]
_environments: list[CellReader] = []
FIELDS: dict[str, ProjectField] = {"status": "status", "owner": "owner_id", "role": "my_role"}


def add_environments(reader: CellReader) -> None:
    """Set what the view "Environments" shows: `reader` gives its columns, whom they name, and the cells by project."""
    _environments[:] = [reader]


class ProjectRow(TypedDict):
    """A line of the table, with what the viewer may do with it."""

    id: int
    name: str
    slug: str
    url: str
    status: str
    owner: str
    face: Face
    member_count: int
    mark: Mark
    my_role: str
    created_at: str
    is_deleted: bool
    can_edit: bool
    can_archive: bool
    can_delete: bool
    trash: Trashed
    cells: list[dict[str, Any]]  # the cells of the environment matrix, while it is shown


class ProjectsState(ProjectForm, PickerState, BulkActions, SessionState):
    """State of the page `/projects`."""

    rows: list[ProjectRow] = []
    delete_id: int = 0
    delete_name: str = ""
    delete_slug: str = ""
    is_deleting: bool = False
    shown_as: str = ""  # "where" for the environment matrix, "" for the table
    columns: list[str] = []
    reporters: dict[str, dict[str, Any]] = {}  # who is named in the cells
    _delete_version: int = 0
    _picks_many: ClassVar[bool] = True
    _spec: ClassVar = PROJECTS
    _bulk: ClassVar = BulkSpec(
        "signed_in",
        "project",
        (
            BulkAction(
                "archive",
                N_("Archive"),
                N_("archived"),
                N_("They stay readable and can be activated again."),
                needs="can_archive",
                settled=lambda row: row.get("status") == "archived",
            ),
            BulkAction(
                "delete",
                N_("Delete"),
                N_("moved to trash"),
                N_("They move to the trash, from which you can restore them."),
                needs="can_delete",
                danger=True,
                undo=RESTORE.key,
            ),
            RESTORE,
        ),
        name_key="name",
    )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[ProjectRow], int, bool]:
        asked = self._asked(query)
        page = await projects.list_projects(session, actor, asked)
        self._offer_export(asked)
        gone = [project.id for project in page.items if project.deleted_at]
        deleters = await list_deleters(session, actor, "project", gone)
        rows = [_row(actor, project, deleters.get(project.id)) for project in page.items]
        if self.shown_as == "where":
            await self._add_cells(session, actor, rows)
        return rows, page.total, page.capped

    def _asked(self, query: TableQuery) -> ProjectQuery:
        teams = query.chosen["team"]
        return ProjectQuery.model_validate(
            {
                "search": printable(query.search),
                "status": query.chosen["status"],
                "owner_id": query.chosen["owner"],
                "my_role": query.chosen["role"],
                "mine": MINE in teams,
                "group_id": [team for team in teams if team != MINE],
                "deleted": query.filters["view"] == "trash",
                "sort": query.sort,
                "skip": query.skip,
                "limit": query.limit,
                **self._span(query),
            }
        )

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        if key == "team":
            return await count_teams(session, actor, self._asked(query), search)
        return await count_projects(session, actor, self._asked(query), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await (team_names if key == "team" else owner_names)(session, actor, ids)

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        return await projects.bulk_projects(session, actor, ProjectBulk.model_validate({"action": action, "ids": ids}))

    async def _add_cells(self, session: Session, actor: Actor, rows: list[ProjectRow]) -> None:
        for read in _environments:
            self.columns, self.reporters, cells = await read(session, actor, [row["id"] for row in rows])
            for row in rows:
                row["cells"] = cells[row["id"]]

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        before, self.shown_as = self.shown_as, self._view()
        self._watch(ProjectsState.load, "projects", "groups", *(["deployments"] if self.shown_as else []))
        events = await self._load()
        if self.shown_as != before:
            self.flashed = []  # the rows differ, because the view differs
        return events

    def _view(self) -> str:
        """Returns the view. The trash has no environment matrix."""
        asks = query_param(self.router_data, "show") == "where"
        return "where" if asks and self._query().filters["view"] != "trash" else ""

    def _saved(self) -> Events:
        return ProjectsState.load

    @handler("signed_in")
    async def open_create(self) -> None:
        self._forget_people()
        self._open_form("create", {"name": "", "description": "", "repository_url": ""})

    async def _create(self, values: dict[str, str], form: dict[str, str]) -> ProjectRead:
        team = [{"user_id": who["id"], "role": form.get(f"role.{who['id']}", "viewer")} for who in self.picked]
        data = ProjectCreate.model_validate(values | {"team_members": team})
        actor, key = self._as_actor(), self.form_key
        async with transaction() as session:
            return await idempotency.once(
                session,
                actor,
                key,
                f"ui create project {data.model_dump_json()}",
                ProjectRead,
                lambda: projects.create_project(session, actor, data),
                lambda made: projects.get_project(session, actor, made.id),
            )

    @handler("signed_in")
    async def set_status(self, project_id: int, status: str) -> Events:
        """Archives or activates a project. The toast offers Undo."""
        if status not in dict(STATUSES):
            raise Invalid(_("Unknown status."))
        before = next((row["status"] for row in self.rows if row["id"] == project_id), "active")
        async with transaction() as session:
            data = ProjectUpdate.model_validate({"status": status})
            project = await projects.update_project(session, self._as_actor(), project_id, data)
        if before == project.status:
            self._toast(_("{name} is {status}.", name=project.name, status=project.status))
        else:
            self._toast(
                _("{name} is {status}.", name=project.name, status=project.status),
                undo=ProjectsState.set_status(project_id, before),
            )
        return ProjectsState.load

    @handler("signed_in")
    async def ask_delete(self, project_id: int) -> None:
        actor = self._as_actor()
        async with reading() as session:
            project = await projects.get_project(session, actor, project_id)
        policy.require(actor, "projects.delete", project.my_role)
        self.delete_id, self._delete_version = project.id, project.version
        self._note_dialog("delete_id")
        self.delete_name, self.delete_slug = project.name, project.slug

    @handler("signed_in")
    async def cancel_delete(self) -> None:
        self.delete_id = 0

    @handler("signed_in")
    async def delete(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        project_id, name = self.delete_id, self.delete_name
        if not project_id or form.get("confirm_name") != name:
            return
        self.is_deleting = True
        yield
        try:
            async with transaction() as session:
                await projects.delete_project(session, self._as_actor(), project_id, if_version=self._delete_version)
        finally:
            self.is_deleting, self.delete_id = False, 0
        self._toast(_("{name} moved to trash", name=name), undo=ProjectsState.restore(project_id))
        yield ProjectsState.load

    @handler("signed_in")
    async def restore(self, project_id: int) -> Events:
        async with transaction() as session:
            project = await projects.restore_project(session, self._as_actor(), project_id)
        self._toast(_("{name} restored", name=project.name), undo=ProjectsState.undo_rows("delete", [project_id]))
        return ProjectsState.load


def _row(actor: Actor, project: ProjectRead, deleter: Deleter | None = None) -> ProjectRow:
    here = project.deleted_at is None
    return ProjectRow(
        id=project.id,
        name=project.name,
        slug=project.slug,
        url=routes.project(project.id),
        status=project.status,
        owner=project.owner.display_name,
        face=face_of(project.owner.display_name, project.owner.id),
        member_count=project.member_count,
        mark=mark_of(project),
        my_role=role_label(project.my_role),
        created_at=project.created_at.isoformat(),
        is_deleted=not here,
        can_edit=here and policy.may(actor, "projects.update", project.my_role),
        can_archive=here and policy.may(actor, "projects.archive", project.my_role),
        can_delete=here and policy.may(actor, "projects.delete", project.my_role),
        trash=trashed(project.deleted_at, *(deleter or (None, ""))),
        cells=[],
    )
