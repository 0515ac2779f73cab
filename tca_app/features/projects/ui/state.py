"""State of the list of projects: the table, the form to create or edit one, and bulk actions."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Invalid
from tca_app.core.plurals import plural
from tca_app.features.idempotency import service as idempotency
from tca_app.features.projects import policy
from tca_app.features.projects import service as projects
from tca_app.features.projects.schemas import ProjectBulk, ProjectCreate, ProjectQuery, ProjectRead, ProjectUpdate
from tca_app.features.projects.ui.form_state import STATUSES, ProjectForm
from tca_app.features.projects.ui.picker_state import PickerState
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.palette import MAX_PER_SOURCE, Entry, add_source
from tca_app.ui.session import SessionState
from tca_app.ui.table.state import Filter, TableQuery, TableSpec, TableState
from tca_app.ui.url import printable, query_param

CellReader = Callable[[Any, Actor, Sequence[int]], Awaitable[tuple[list[str], dict[int, list[Any]]]]]
_environments: list[CellReader] = []


def add_environments(reader: CellReader) -> None:
    """Set what the view "Environments" shows: `reader` gives its columns, and the cells of each project by its id."""
    _environments[:] = [reader]


class ProjectRow(TypedDict):
    """A line of the table, with what the viewer may do with it."""

    id: int
    name: str
    slug: str
    url: str
    status: str
    owner: str
    member_count: int
    my_role: str
    created_at: str
    is_deleted: bool
    can_edit: bool
    can_archive: bool
    can_delete: bool
    cells: list[dict[str, Any]]  # the cells of the environment matrix, while it is shown


class Refusal(TypedDict):
    """A project that a bulk action skipped, and why."""

    name: str
    detail: str


class ProjectsState(ProjectForm, PickerState, TableState, SessionState):
    """State of the page `/projects`."""

    rows: list[ProjectRow] = []
    doomed_id: int = 0
    doomed_name: str = ""
    doomed_slug: str = ""
    bulk_action: str = ""  # the action to confirm: "", "archive", "delete"
    bulk_text: str = ""
    refusals: list[Refusal] = []
    is_acting: bool = False
    shown_as: str = ""  # "where" for the environment matrix, "" for the table
    columns: list[str] = []
    _doomed_version: int = 0
    _bulk_ids: list[int] = []
    _picks_many: ClassVar[bool] = True
    _spec: ClassVar = TableSpec(
        sorts=("name", "status", "created_at"),
        default_sort="-created_at",
        filters=(
            Filter("status", "Status", STATUSES),
            Filter("mine", "Team", (("true", "My projects"),)),
            Filter("view", "View", (("trash", "Trash"),), default="active"),
        ),
    )

    async def _fetch(self, session: Any, actor: Actor, query: TableQuery) -> tuple[list[ProjectRow], int, bool]:
        asked = ProjectQuery(
            search=printable(query.search),
            status=query.filters["status"] or None,
            mine=query.filters["mine"] == "true",
            deleted=query.filters["view"] == "trash",
            sort=query.sort,
            skip=query.skip,
            limit=query.limit,
        )
        page = await projects.list_projects(session, actor, asked)
        rows = [_row(actor, project) for project in page.items]
        if self.shown_as == "where":
            await self._add_cells(session, actor, rows)
        return rows, page.total, page.capped

    async def _add_cells(self, session: Any, actor: Actor, rows: list[ProjectRow]) -> None:
        for read in _environments:
            self.columns, cells = await read(session, actor, [row["id"] for row in rows])
            for row in rows:
                row["cells"] = cells[row["id"]]

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        before, self.shown_as = self.shown_as, self._view()
        self._watch(ProjectsState.load, "projects", *(["deployments"] if self.shown_as else []))
        await self._load()
        if self.shown_as != before:
            self.flashed = []  # the rows differ, because the view differs

    def _view(self) -> str:
        """Returns the view. The trash has no environment matrix."""
        asks = query_param(self.router_data, "show") == "where"
        return "where" if asks and self._query().filters["view"] != "trash" else ""

    def _saved(self) -> Any:
        return ProjectsState.load

    @handler("signed_in")
    async def open_create(self) -> None:
        self._forget_people()
        self._open_form("create", {"name": "", "description": "", "repository_url": ""})

    async def _create(self, values: dict[str, str], form: dict[str, str]) -> ProjectRead:
        team = [{"user_id": who["id"], "role": form.get(f"role.{who['id']}", "viewer")} for who in self.picked]
        data = ProjectCreate(**values, team_members=team)
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
    async def set_status(self, project_id: int, status: str) -> Any:
        """Archives or activates a project. The toast offers Undo."""
        if status not in dict(STATUSES):
            raise Invalid("Unknown status.")
        before = next((row["status"] for row in self.rows if row["id"] == project_id), "active")
        async with transaction() as session:
            data = ProjectUpdate(status=status)
            project = await projects.update_project(session, self._as_actor(), project_id, data)
        if before == project.status:
            self._toast(f"{project.name} is {project.status}.")
        else:
            self._toast(f"{project.name} is {project.status}.", undo=ProjectsState.set_status(project_id, before))
        return ProjectsState.load

    @handler("signed_in")
    async def ask_delete(self, project_id: int) -> None:
        actor = self._as_actor()
        async with reading() as session:
            project = await projects.get_project(session, actor, project_id)
        policy.require(actor, "projects.delete", project.my_role)
        self.doomed_id, self._doomed_version = project.id, project.version
        self.doomed_name, self.doomed_slug = project.name, project.slug

    @handler("signed_in")
    async def cancel_delete(self) -> None:
        self.doomed_id = 0

    @handler("signed_in")
    async def delete(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        project_id, name = self.doomed_id, self.doomed_name
        if not project_id or form.get("confirm_name") != name:
            return
        self.is_acting = True
        yield
        try:
            async with transaction() as session:
                await projects.delete_project(session, self._as_actor(), project_id, if_version=self._doomed_version)
        finally:
            self.is_acting, self.doomed_id = False, 0
        self._toast(f"{name} moved to trash", undo=ProjectsState.restore(project_id))
        yield ProjectsState.load

    @handler("signed_in")
    async def restore(self, project_id: int) -> Any:
        async with transaction() as session:
            project = await projects.restore_project(session, self._as_actor(), project_id)
        self._toast(f"{project.name} restored")
        return ProjectsState.load

    @handler("signed_in")
    async def restore_selected(self) -> Any:
        return await self._restore_these([row["id"] for row in self.rows if row["id"] in self.selected])

    @handler("signed_in")
    async def restore_all(self, project_ids: list[int]) -> Any:
        """Restores the projects of a bulk action, for Undo."""
        return await self._restore_these(project_ids)

    async def _restore_these(self, project_ids: list[int]) -> Any:
        if project_ids:
            await self._bulk("restore", project_ids)
        return ProjectsState.load

    @handler("signed_in")
    async def ask_bulk(self, action: str) -> None:
        """Opens the confirmation, with how many of the selected projects the viewer may change."""
        if action not in BULK_WORDS:
            raise Invalid("Unknown action.")
        chosen = [row for row in self.rows if row["id"] in self.selected]
        self._bulk_ids = [row["id"] for row in chosen if row["can_archive" if action == "archive" else "can_delete"]]
        if not self._bulk_ids:
            in_trash = any(row["is_deleted"] for row in chosen)
            reason = (
                "These projects are already in the trash."
                if in_trash
                else f"You do not have permission to {action} these projects. Ask their owners."
            )
            self._toast(reason, kind="error")
            return
        others = len(chosen) - len(self._bulk_ids)
        rest = f" You do not have permission to change the other {others}; they are unchanged." if others else ""
        self.bulk_action, self.bulk_text = action, f"{BULK_WORDS[action][1]}{rest}"

    @rx.var
    def is_trash(self) -> bool:
        return self.filters.get("view") == "trash"

    @rx.var
    def bulk_title(self) -> str:
        if not self.bulk_action:
            return ""
        return f"{BULK_WORDS[self.bulk_action][0]} {plural(len(self._bulk_ids), 'project')}?"

    @handler("signed_in")
    async def cancel_bulk(self) -> None:
        self.bulk_action = ""

    @handler("signed_in")
    async def run_bulk(self) -> AsyncGenerator[Any, None]:
        action, ids = self.bulk_action, list(self._bulk_ids)
        if not action:
            return
        self.is_acting = True
        yield
        try:
            await self._bulk(action, ids)
        finally:
            self.is_acting, self.bulk_action = False, ""
        self.selected = []
        yield ProjectsState.load

    async def _bulk(self, action: str, ids: list[int]) -> None:
        async with transaction() as session:
            results = await projects.bulk_projects(session, self._as_actor(), ProjectBulk(action=action, ids=ids))
        names = {row["id"]: row["name"] for row in self.rows}
        self.refusals = [
            Refusal(name=names.get(result.id, "A project"), detail=result.detail) for result in results if not result.ok
        ]
        done = [result.id for result in results if result.ok]
        if done:
            projects_done = plural(len(done), "project")
            what = names.get(done[0], projects_done) if len(done) == 1 else projects_done
            undo = ProjectsState.restore_all(done) if action == "delete" else None
            self._toast(f"{what} {BULK_DONE[action]}", undo=undo)

    @handler("signed_in")
    async def dismiss_refusals(self) -> None:
        self.refusals = []


BULK_WORDS = {
    "archive": ("Archive", "They stay readable and can be activated again."),
    "delete": ("Delete", "They move to the trash and can be restored for 30 days."),
}
BULK_DONE = {"archive": "archived", "delete": "moved to trash", "restore": "restored"}


def _row(actor: Actor, project: ProjectRead) -> ProjectRow:
    here = project.deleted_at is None
    return ProjectRow(
        id=project.id,
        name=project.name,
        slug=project.slug,
        url=routes.project(project.id),
        status=project.status,
        owner=project.owner.display_name,
        member_count=project.member_count,
        my_role=(project.my_role or "").capitalize(),
        created_at=project.created_at.isoformat(),
        is_deleted=not here,
        can_edit=here and policy.may(actor, "projects.update", project.my_role),
        can_archive=here and policy.may(actor, "projects.archive", project.my_role),
        can_delete=here and policy.may(actor, "projects.delete", project.my_role),
        cells=[],
    )


async def _search(session: Any, actor: Actor, text: str) -> list[Entry]:
    query = ProjectQuery(search=printable(text), sort="name", limit=MAX_PER_SOURCE)
    page = await projects.list_projects(session, actor, query)
    return [Entry(label=p.name, detail=p.slug, kind="Project", url=routes.project(p.id)) for p in page.items]


add_source("projects", "signed_in", _search)
