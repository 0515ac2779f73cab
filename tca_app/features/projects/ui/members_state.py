"""State of the members of a project: the first of them, and adding, changing and removing members."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Forbidden, Invalid, NotFound
from tca_app.core.language.messages import N_, _
from tca_app.features.projects import policy, service as projects, team
from tca_app.features.projects.schemas import MemberQuery, MemberUpdate, TeamMember
from tca_app.features.projects.ui.detail_state import ProjectState
from tca_app.features.projects.ui.members_list_state import MemberRow, TeamState, member_row
from tca_app.features.projects.ui.picker_state import PERSON, PickerState
from tca_app.ui import routes
from tca_app.ui.components.roles import role_word
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id

TEAM_SHOWN = 100
GRANTED = (("viewer", N_("Viewer")), ("deployer", N_("Deployer")), ("maintainer", N_("Maintainer")))


class MembersState(PickerState, FormState, RecordState, SessionState):
    """State of the tab "Members" of a project."""

    members: list[MemberRow] = []
    members_total: int = 0
    members_loaded: bool = False
    role_options: list[list[str]] = []
    removed_id: int = 0
    removed_name: str = ""
    is_acting: bool = False

    _team_of: int = 0
    _openers: ClassVar = {"add": "open_add"}

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the members for users who may see them. For others the page already says why there are none."""
        project_id = record_id(self.router_data, routes.PROJECTS)
        if self._enter_record():
            self._forget_team()
        self._watch(MembersState.read_again, f"project:{project_id}")
        try:
            await self._read_team(project_id)
        except (NotFound, Forbidden):
            self._forget_team()
        self.members_loaded = True

    @handler("signed_in", supersedes=True)
    async def read_again(self) -> None:
        """Reloads the members after someone changed them."""
        try:
            await self._read_team(record_id(self.router_data, routes.PROJECTS))
        except (NotFound, Forbidden):
            self._forget_team()

    def _forget_team(self) -> None:
        self.members, self.members_total = [], 0
        self.members_loaded, self._team_of, self.removed_id = False, 0, 0
        self._hide_form()

    async def _read_team(self, project_id: int) -> None:
        actor, query = self._as_actor(), MemberQuery(limit=TEAM_SHOWN)
        async with reading() as session:
            page = await team.list_members(session, actor, project_id, query)
            my_role = (await projects.get_project(session, actor, project_id)).my_role
        self.members = [member_row(actor, my_role, member) for member in page.items]
        self.members_total, self._team_of = page.total, project_id
        grants = policy.may(actor, "members.grant_maintainer", my_role)
        self.role_options = [[value, _(label)] for value, label in GRANTED if grants or value != "maintainer"]

    def _not_offered(self) -> set[int]:
        return {member["id"] for member in self.members}

    def _someone_is_picked(self) -> None:
        self.form_error, self.form_errors = "", {}

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        """Shows the errors. That of the picked user stands at the search."""
        self._refuse_person(faults)
        super()._show_faults({"person" if name == PERSON else name: text for name, text in faults.items()}, detail)

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.PROJECTS)]

    @handler("signed_in")
    async def open_add(self, project_id: int) -> None:
        self._require_record(project_id, self._team_of)
        page = await self.get_state(ProjectState)
        self._forget_people()
        self._open_form("add", {"role": "viewer", "person": ""}, row_id=project_id, name=page.project["name"])

    @handler("signed_in")
    async def add(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            if not self.picked:
                raise Invalid.at("person", _("Search for a user and choose one."))
            data = TeamMember.model_validate({"user_id": self.picked[0]["id"], "role": values["role"]})
            async with transaction() as session:
                await team.add_member(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._toast(_("{name} added", name=self.picked[0]["name"]))
            yield RELOAD

    @handler("signed_in")
    async def change_role(self, project_id: int, person_id: int, role: str) -> Events:
        self._require_record(project_id, self._team_of)
        async with transaction() as session:
            data = MemberUpdate.model_validate({"role": role}) if role in dict(GRANTED) else None
            if data is None:
                raise Invalid(_("Unknown role."))
            member = await team.change_member(session, self._as_actor(), project_id, person_id, data)
        self._toast(
            _("{full_name} is now {role}", full_name=member.full_name or member.username, role=role_word(member.role))
        )
        return RELOAD

    @handler("signed_in")
    async def ask_remove(self, project_id: int, person_id: int) -> None:
        self._require_record(project_id, self._team_of)
        async with reading() as session:
            found = await team.get_member(session, self._as_actor(), project_id, person_id)
        self.removed_id, self.removed_name = person_id, found.full_name or found.username
        self._note_dialog("removed_id")

    @handler("signed_in")
    async def cancel_remove(self) -> None:
        self.removed_id = 0

    @handler("signed_in")
    async def remove(self) -> AsyncGenerator[Any, None]:
        person_id, name = self.removed_id, self.removed_name
        if not person_id:
            return
        self._require_url()
        self.is_acting = True
        yield
        try:
            async with transaction() as session:
                await team.remove_member(session, self._as_actor(), self._team_of, person_id)
        finally:
            self.is_acting, self.removed_id = False, 0
        self._toast(_("{name} removed", name=name))
        yield RELOAD


# The page shows the number of members, too.
RELOAD = [ProjectState.load, MembersState.load, TeamState.load]
