"""State of the groups of a project, on its tab "Members"."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict

from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import Forbidden, Invalid, NotFound
from tca_app.core.language.messages import _, ngettext
from tca_app.features.groups import in_projects
from tca_app.features.groups.listing import list_groups
from tca_app.features.groups.schemas import ProjectGroupAdd, ProjectGroupQuery, ProjectGroupRead, ProjectGroupUpdate
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.ui.members_state import GRANTED, RELOAD
from tca_app.ui import routes
from tca_app.ui.components.loading import LoadState
from tca_app.ui.components.roles import role_label, role_word
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.order import Order, OrderState
from tca_app.ui.url import number_in, record_id


class ProjectGroupRow(TypedDict):
    """A group in the list, with what the viewer may do with it."""

    id: int
    name: str
    people: str
    role: str
    role_label: str
    can_change: bool


class ProjectGroupsState(LoadState, FormState, OrderState, RecordState, SessionState):
    """State of the list, and of adding, changing and removing a group."""

    groups: list[ProjectGroupRow] = []
    is_shown: bool = False
    choices: list[list[str]] = []  # groups that can be added, as (id, name)
    role_options: list[list[str]] = []

    _groups_of: int = 0
    _order: ClassVar = Order.of("sort_groups", ProjectGroupQuery)
    _openers: ClassVar = {"add": "open_add"}

    @handler("signed_in", supersedes=True)
    async def load(self) -> None:
        """Loads the groups, for users who may see the members."""
        if self._enter_record():
            self._hide_left_form()
            self.groups, self.is_shown, self._groups_of = [], False, 0
        self._watch(ProjectGroupsState.refresh, f"project:{record_id(self.router_data, routes.PROJECTS)}", "groups")
        await self._read()

    @handler("signed_in", supersedes=True)
    async def refresh(self) -> None:
        """Reloads the list. A dialog stays open."""
        await self._read()

    async def _read(self) -> None:
        project_id, actor = record_id(self.router_data, routes.PROJECTS), self._as_actor()
        query = ProjectGroupQuery.model_validate({"sort": self._sorted()})
        with self._loading():
            try:
                async with reading() as session:
                    found = await in_projects.list_project_groups(session, actor, project_id, query)
                    my_role = (await projects.get_project(session, actor, project_id)).my_role
            except (Forbidden, NotFound):
                self.groups, self.is_shown = [], False
                return
            grants = policy.may(actor, "members.grant_maintainer", my_role)
            self.role_options = [[value, _(label)] for value, label in GRANTED if grants or value != "maintainer"]
            self.groups = [_row(group, can_change=grants or group.role != "maintainer") for group in found]
            self.is_shown, self._groups_of = True, project_id

    def _opener_scope(self) -> list[int]:
        return [record_id(self.router_data, routes.PROJECTS)]

    @handler("signed_in")
    async def open_add(self, project_id: int) -> None:
        self._require_record(project_id, self._groups_of)
        async with reading() as session:
            known = await list_groups(session, self._as_actor())
            name = (await projects.get_project(session, self._as_actor(), project_id)).name
        here = {group["id"] for group in self.groups}
        self.choices = [[str(group.id), group.name] for group in known if group.id not in here]
        if not self.choices:
            raise Invalid(_("There are no other groups. An administrator creates them."))
        self._open_form("add", {"group": self.choices[0][0], "role": "viewer"}, row_id=project_id, name=name)

    @handler("signed_in")
    async def add(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            data = ProjectGroupAdd.model_validate({"group_id": number_in(values["group"]), "role": values["role"]})
            async with transaction() as session:
                added = await in_projects.add_project_group(session, self._as_actor(), self.form_id, data)
            self._close_form()
            self._toast(_("Group {name} added", name=added.name))
            yield [ProjectGroupsState.refresh, *RELOAD]

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        """Shows the errors. The field of the group has another name in this form."""
        super()._show_faults({"group" if name == "group_id" else name: text for name, text in faults.items()}, detail)

    @handler("signed_in")
    async def change_role(self, project_id: int, group_id: int, role: str) -> Events:
        self._require_record(project_id, self._groups_of)
        if role not in dict(GRANTED):
            raise Invalid(_("Unknown role."))
        async with transaction() as session:
            data = ProjectGroupUpdate.model_validate({"role": role})
            changed = await in_projects.change_project_group(session, self._as_actor(), project_id, group_id, data)
        self._toast(_("Group {name} is now {role}", name=changed.name, role=role_word(changed.role)))
        return [ProjectGroupsState.refresh, *RELOAD]

    @handler("signed_in")
    async def remove(self, project_id: int, group_id: int) -> Events:
        """Removes a group. Adding it again gives the same roles back, so it asks nothing."""
        self._require_record(project_id, self._groups_of)
        async with transaction() as session:
            await in_projects.remove_project_group(session, self._as_actor(), project_id, group_id)
        self._toast(_("Group removed"))
        return [ProjectGroupsState.refresh, *RELOAD]


def _row(group: ProjectGroupRead, *, can_change: bool) -> ProjectGroupRow:
    return ProjectGroupRow(
        id=group.group_id,
        name=group.name,
        people=ngettext("{count} person", "{count} people", group.member_count),
        role=group.role,
        role_label=role_label(group.role),
        can_change=can_change,
    )
