"""State of the page of one project: its fields, the tab in the URL, and actions on the whole project."""

from collections.abc import AsyncGenerator
from typing import Any, TypedDict

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, Invalid, NotFound
from tca_app.core.language.messages import _
from tca_app.core.urls import link_of
from tca_app.features.projects import policy, service as projects, team
from tca_app.features.projects.schemas import ProjectRead, ProjectUpdate, Transfer
from tca_app.features.projects.ui.form_state import ProjectForm
from tca_app.features.projects.ui.picker_state import PERSON, PickerState
from tca_app.features.projects.ui.state import ProjectsState
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of
from tca_app.ui.components.roles import role_label, role_word
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import query_param, record_id

TABS = ("overview", "deployments", "members", "activity", "webhooks", "settings")
NEEDED = {"webhooks": "webhooks.manage", "settings": "projects.update"}  # for a tab
ACTIONS = ("transfer", "archive", "delete", "leave")


class ProjectFacts(TypedDict):
    """The project as the viewer sees it."""

    id: int
    name: str
    slug: str
    description: str
    status: str
    repository: str
    owner: str
    face: Face
    owner_id: int
    member_count: int
    mark: Mark
    my_role: str
    role_word: str
    created_at: str
    updated_at: str


NOTHING = ProjectFacts(
    id=0,
    name="",
    slug="",
    description="",
    status="",
    repository="",
    owner="",
    face=face_of(""),
    owner_id=0,
    member_count=0,
    mark=mark_of(None),
    my_role="",
    role_word="",
    created_at="",
    updated_at="",
)


class ProjectState(ProjectForm, PickerState, RecordState, SessionState):
    """State of `/projects/[project_id]`."""

    phase: str = ""  # "" not known yet, "ready", "missing", "failed"
    failure: str = ""
    tab: str = TABS[0]
    project: ProjectFacts = NOTHING
    allowed: list[str] = []  # actions that the viewer may do here; the service checks again
    asking: str = ""  # which of ACTIONS awaits confirmation
    asking_error: str = ""
    person_error: str = ""  # at the search of the new owner
    is_acting: bool = False

    _version: int = 0

    @rx.var
    def heading(self) -> str:
        return self.project["name"] or (_("Page not found") if self.phase == "missing" else _("Project"))

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        """Loads the project that the URL names, after it cleared the previous project."""
        project_id = record_id(self.router_data, routes.PROJECTS)
        self._watch(ProjectState.load, f"project:{project_id}")
        if self._enter_record():
            self._forget("")
            yield
        try:
            async with reading() as session:
                project = await projects.get_project(session, self._as_actor(), project_id)
        except NotFound:
            self._forget("missing")
            return
        except AppError as error:
            self._forget("failed")
            self.failure = error.detail
            return
        self._show_project(project)

    def _forget(self, phase: str) -> None:
        self.phase, self.project, self.allowed, self._version = phase, NOTHING, [], 0
        self.asking, self.failure = "", ""
        self._forget_people()
        self._hide_form()

    def _show_project(self, project: ProjectRead) -> None:
        actor = self._as_actor()
        self.project, self._version = _facts(project), project.version
        self.allowed = [*(name for name in policy.RULES if policy.may(actor, name, project.my_role))]
        if project.my_role not in (None, "owner"):
            self.allowed = [*self.allowed, "leave"]
        self.tab = open_tab(actor, project.my_role, query_param(self.router_data, "tab"))
        self.phase = "ready"

    def _saved(self) -> Events:
        return ProjectState.load

    def _require_shown(self, project_id: int) -> None:
        self._require_record(project_id, self.project["id"])

    def _not_offered(self) -> set[int]:
        return {self.project["owner_id"]}

    def _someone_is_picked(self) -> None:
        self.asking_error = self.person_error = ""

    @handler("signed_in")
    async def ask(self, project_id: int, action: str) -> None:
        """Opens the confirmation of an action on the project that the page shows."""
        self._require_shown(project_id)
        if action in ACTIONS:
            self._forget_people()
            self.asking, self.asking_error, self.person_error = action, "", ""
            self._note_dialog("asking")

    @handler("signed_in")
    async def cancel(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("signed_in")
    async def confirm(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Runs the confirmed action. On a refusal the dialog stays open and shows it."""
        action = self.asking
        if not action or self.is_acting or (action == "delete" and form.get("confirm_name") != self.project["name"]):
            return
        self._require_shown(self.project["id"])
        self.is_acting, self.asking_error, self.person_error = True, "", ""
        yield
        try:
            if action == "transfer" and not self.picked:
                raise Invalid.at(PERSON, _("Search for a user and choose one."))
            events = await self._act(action, self._as_actor(), self.project["id"])
        except AppError as error:
            self.person_error = self._refuse_person(error.field_details)
            self.asking_error = "" if self.person_error else next(iter(error.field_details.values()), error.detail)
            return
        finally:
            self.is_acting = False
        self.asking = ""
        yield events

    async def _act(self, action: str, actor: Actor, project_id: int) -> Events:
        name = self.project["name"]
        async with transaction() as session:
            if action == "transfer":
                data = Transfer(user_id=self.picked[0]["id"])
                await projects.transfer_project(session, actor, project_id, data, if_version=self._version)
            elif action == "archive":
                await projects.update_project(session, actor, project_id, ProjectUpdate(status="archived"))
            elif action == "delete":
                await projects.delete_project(session, actor, project_id, if_version=self._version)
            else:
                await team.remove_member(session, actor, project_id, actor.user_id)
        if action == "delete":
            self._toast(_("{name} moved to trash", name=name), undo=ProjectsState.restore(project_id))
        else:
            self._toast(self._done_text(action, name))
        return rx.redirect(routes.PROJECTS) if action in ("delete", "leave") else ProjectState.load

    def _done_text(self, action: str, name: str) -> str:
        if action == "transfer":
            return _("{name} transferred to {name2}", name=name, name2=self.picked[0]["name"])
        return _("{name} archived", name=name) if action == "archive" else _("You left {name}", name=name)

    @handler("signed_in")
    async def activate(self, project_id: int) -> Events:
        self._require_shown(project_id)
        async with transaction() as session:
            data = ProjectUpdate(status="active")
            project = await projects.update_project(session, self._as_actor(), project_id, data)
        self._toast(_("{name} activated", name=project.name))
        return ProjectState.load


def open_tab(actor: Actor, role: str | None, wanted: str) -> str:
    """Returns the tab that the URL asks for, or the overview when the viewer has no such tab."""
    is_open = wanted in TABS and policy.may(actor, NEEDED.get(wanted, "projects.read"), role)
    return wanted if is_open else TABS[0]


def _facts(project: ProjectRead) -> ProjectFacts:
    url = project.repository_url
    return ProjectFacts(
        id=project.id,
        name=project.name,
        slug=project.slug,
        description=project.description,
        status=project.status,
        # The validation of the field ensures it too, but a link must not depend on stored data.
        repository=link_of(url),
        owner=project.owner.display_name,
        face=face_of(project.owner.display_name, project.owner.id),
        owner_id=project.owner.id,
        member_count=project.member_count,
        mark=mark_of(project),
        my_role=role_label(project.my_role),
        role_word=role_word(project.my_role),
        created_at=project.created_at.isoformat(),
        updated_at=project.updated_at.isoformat(),
    )
