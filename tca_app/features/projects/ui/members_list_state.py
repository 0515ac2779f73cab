"""State of the list of the tab "Members" of a project, with search, filters and order in the URL."""

from typing import ClassVar, TypedDict, cast

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.facets import Facet, Facets
from tca_app.core.language.messages import N_, nN_
from tca_app.core.lists.bulk import BulkResult
from tca_app.features.projects import policy, service as projects, team
from tca_app.features.projects.listing.filters import MEMBERS
from tca_app.features.projects.listing.members import count_members
from tca_app.features.projects.schemas import GrantedRole, MemberQuery, MemberRead, MemberUpdate
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.components.roles import role_label
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable, query_param, record_id

STATUS = {"active": True, "inactive": False}
# For each role: the label of its action, what was done, and the title of the confirmation.
_ROLES: dict[GrantedRole, tuple[str, str, str]] = {
    "viewer": (N_("Make viewer"), N_("changed to viewer"), N_("Change the role of {what} to viewer?")),
    "deployer": (N_("Make deployer"), N_("changed to deployer"), N_("Change the role of {what} to deployer?")),
    "maintainer": (N_("Make maintainer"), N_("changed to maintainer"), N_("Change the role of {what} to maintainer?")),
}


def _role_action(role: GrantedRole) -> BulkAction:
    label, done, title = _ROLES[role]
    return BulkAction(
        role,
        label,
        done,
        N_("What they may do in this project changes immediately."),
        needs="may_change",
        settled=lambda row: row.get("role") == role,
        already=nN_("{count} has this role already.", "{count} have this role already."),
        title=title,
    )


class MemberRow(TypedDict):
    """A line of the list, with what the viewer may do with it."""

    id: int
    name: str
    username: str
    face: Face
    role: str
    role_label: str
    by_groups: str
    is_active: bool
    is_me: bool
    joined_at: str
    may_change: bool  # by the role of the viewer
    can_change: bool  # the owner changes with a transfer alone


def member_row(actor: Actor, my_role: str | None, member: MemberRead) -> MemberRow:
    name = member.full_name or member.username
    may = policy.may(actor, policy.grant_action(member.role), my_role)
    return MemberRow(
        id=member.user_id,
        name=name,
        username=member.username,
        face=face_of(name, member.user_id),
        role=member.role,
        role_label=role_label(member.role),
        by_groups=", ".join(member.by_groups),
        is_active=member.is_active,
        is_me=member.user_id == actor.user_id,
        joined_at=member.created_at.isoformat(),
        may_change=may,
        can_change=member.role != "owner" and may,
    )


class TeamState(BulkActions, RecordState, SessionState):
    """State of the list. Those who may not see it get the reason from the page."""

    rows: list[MemberRow] = []
    grants_maintainer: bool = False

    _spec: ClassVar = MEMBERS
    _bulk: ClassVar = BulkSpec(
        "signed_in",
        "member",
        (
            *(_role_action(role) for role in _ROLES),
            BulkAction(
                "remove",
                N_("Remove"),
                N_("removed"),
                N_("All of them lose access to this project. You can add them again."),
                needs="may_change",
                danger=True,
                skips_self=True,
            ),
        ),
        name_key="name",
        refused=N_("not changed"),
        whom_to_ask=N_("Ask the owner of the project."),
    )

    @rx.var
    def not_offered(self) -> list[str]:
        return [] if self.grants_maintainer else ["maintainer"]

    @handler("signed_in", supersedes=True)
    async def load(self) -> Events:
        """Loads the list, only while its tab is open."""
        if self._enter_record():
            self.rows, self.is_loaded, self.load_error = [], False, ""
            self._forget_bulk()
        project_id = record_id(self.router_data, routes.PROJECTS)
        if not project_id or query_param(self.router_data, "tab") != "members":
            return None
        self._watch(TeamState.load, f"project:{project_id}")
        return await self._load()

    def _asked(self, query: TableQuery) -> MemberQuery:
        status = query.chosen["status"]
        return MemberQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "role": query.chosen["role"],
                "is_active": STATUS[status[0]] if len(status) == 1 else None,
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[MemberRow], int, bool]:
        asked, project_id = self._asked(query), record_id(self.router_data, routes.PROJECTS)
        page = await team.list_members(session, actor, project_id, asked)
        my_role = (await projects.get_project(session, actor, project_id)).my_role
        self._offer_export(asked)
        self.grants_maintainer = policy.may(actor, "members.grant_maintainer", my_role)
        return [member_row(actor, my_role, member) for member in page.items], page.total, page.capped

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        project_id = record_id(self.router_data, routes.PROJECTS)
        self._require_url()
        if action == "remove":
            return await team.remove_members(session, actor, project_id, ids)
        role = cast("GrantedRole", action)
        return await team.change_members(session, actor, project_id, ids, MemberUpdate(role=role))

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        project_id = record_id(self.router_data, routes.PROJECTS)
        if key == "role":
            return await count_members(session, actor, project_id, self._asked(query), "role")
        counted = await count_members(session, actor, project_id, self._asked(query), "is_active")
        counts = {facet.value == "True": facet.count for facet in counted.values}
        values = [Facet(value=value, count=counts.get(flag, 0)) for value, flag in STATUS.items()]
        return Facets(values=values, capped=counted.capped)
