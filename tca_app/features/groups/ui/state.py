"""State of the page `/groups`: the list, the form of a group, and its people."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar, TypedDict, get_args

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading, transaction
from tca_app.core.errors import Invalid, Stale
from tca_app.core.facets import Facets
from tca_app.core.language.messages import N_, _, ngettext
from tca_app.core.lists.bulk import BulkResult
from tca_app.core.lists.query import TableSpec
from tca_app.features.groups import bulk, listing, service as groups
from tca_app.features.groups.filters import GROUPS
from tca_app.features.groups.schemas import (
    GroupCreate,
    GroupMemberAdd,
    GroupMemberQuery,
    GroupMemberRead,
    GroupQuery,
    GroupRead,
    GroupUpdate,
)
from tca_app.features.projects.ui.picker_state import PERSON, PickerState
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.forms.removal import RemovalState
from tca_app.ui.forms.state import FormState
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.url import printable

LABELS = {"name": "Name", "description": "Description"}
FIELDS: dict[str, listing.GroupField] = {"person": "user_id", "project": "project_id"}


class GroupRow(TypedDict):
    """A line of the list."""

    id: int
    name: str
    description: str
    people: str
    projects: str
    created_at: str


class PersonRow(TypedDict):
    id: int
    name: str
    username: str
    face: Face


def _row(group: GroupRead) -> GroupRow:
    return GroupRow(
        id=group.id,
        name=group.name,
        description=group.description,
        people=ngettext("{count} person", "{count} people", group.member_count),
        projects=ngettext("{count} project", "{count} projects", group.project_count),
        created_at=group.created_at.isoformat(),
    )


def _person(member: GroupMemberRead) -> PersonRow:
    name = member.full_name or member.username
    return PersonRow(id=member.user_id, name=name, username=member.username, face=face_of(name, member.user_id))


class GroupsState(RemovalState, FormState, BulkActions, SessionState):
    """State of the list, of the form, and of the confirmation of a deletion."""

    rows: list[GroupRow] = []

    _spec: ClassVar = GROUPS
    _bulk: ClassVar = BulkSpec(
        "groups.manage",
        "group",
        (
            BulkAction(
                "delete",
                N_("Delete"),
                N_("deleted"),
                N_("Their people lose the roles that they have through them. Their own roles stay."),
                danger=True,
            ),
        ),
        name_key="name",
    )

    @handler("groups.manage", supersedes=True)
    async def load(self) -> Events:
        self._watch(GroupsState.load, "groups")
        return await self._load()

    def _asked(self, query: TableQuery) -> GroupQuery:
        return GroupQuery.model_validate(
            {
                "skip": query.skip,
                "limit": query.limit,
                "search": printable(query.search),
                "sort": query.sort,
                "user_id": query.chosen["person"],
                "project_id": query.chosen["project"],
                **self._span(query),
            }
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[GroupRow], int, bool]:
        asked = self._asked(query)
        page = await listing.list_group_page(session, actor, asked)
        self._offer_export(asked)
        return [_row(group) for group in page.items], page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        return await listing.count_groups(session, actor, self._asked(query), FIELDS[key], search)

    async def _names(self, session: Session, actor: Actor, key: str, ids: list[int]) -> dict[str, str]:
        return await listing.group_filter_names(session, actor, FIELDS[key], ids)

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        return await bulk.delete_groups(session, actor, ids)

    @handler("groups.manage")
    async def open_create(self) -> None:
        self._open_form("create", {"name": "", "description": ""})

    @handler("groups.manage")
    async def open_edit(self, group_id: int) -> None:
        group = await self._read(group_id)
        self._open_form("edit", _values(group), row_id=group.id, version=group.version, name=group.name)

    async def _read(self, group_id: int) -> GroupRead:
        async with reading() as session:
            return await groups.get_group(session, self._as_actor(), group_id)

    @handler("groups.manage")
    async def save(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        values = self._begin_save(form)
        if values is None:
            return
        yield
        with self._showing_errors():
            try:
                group_id = await self._store(values)
            except Stale as stale:
                group = await self._read(self.form_id)
                self._ask_to_merge(_values(group), stale, version=group.version, labels=LABELS)
                return
            is_new = self.form_mode == "create"
            self._toast(_("Group created") if is_new else _("Group saved"))
            self._close_form()
            # A new group has nobody, so what comes next is to add its people.
            yield [GroupsState.load, *([GroupPeopleState.open_people(group_id)] if is_new else [])]

    async def _store(self, values: dict[str, str]) -> int:
        """Creates or changes the group, and returns its id."""
        actor = self._as_actor()
        async with transaction() as session:
            if self.form_mode == "create":
                return (await groups.create_group(session, actor, GroupCreate(**values))).id
            await groups.update_group(session, actor, self.form_id, GroupUpdate(**values), self.form_version)
        return self.form_id

    @handler("groups.manage")
    async def ask_delete(self, group_id: int) -> None:
        found = next((group for group in self.rows if group["id"] == group_id), None)
        if found is not None:
            self._ask_to_remove(group_id, found["name"])

    @handler("groups.manage")
    async def delete(self, _form: dict[str, str]) -> AsyncGenerator[Any, None]:
        done = _("Group {deleted_name} deleted", deleted_name=self.removed_name)
        async for update in self._remove_row(groups.delete_group, done, GroupsState.load):
            yield update


def _values(group: GroupRead) -> dict[str, str]:
    return {"name": group.name, "description": group.description}


class GroupPeopleState(PickerState, FormState, BulkActions, SessionState):
    """State of the dialog with the people of one group. It has no URL of its own, so the search and order are kept."""

    rows: list[PersonRow] = []
    member_count: int = 0  # of the whole group

    _member_ids: list[int] = []
    _spec: ClassVar = TableSpec(sorts=("username", "full_name"), default_sort=GroupMemberQuery().sort)
    _bulk: ClassVar = BulkSpec(
        "groups.manage",
        "person",
        (
            BulkAction(
                "remove",
                N_("Remove"),
                N_("removed"),
                N_("They lose the roles that they have through this group. You can add them again."),
                danger=True,
            ),
        ),
        name_key="name",
    )
    _openers: ClassVar = {"people": "open_people"}

    @handler("groups.manage")
    async def open_people(self, group_id: int) -> None:
        async with reading() as session:
            group = await groups.get_group(session, self._as_actor(), group_id)
        self._forget_people()
        self._open_form("people", {"person": ""}, row_id=group_id, name=group.name)
        self._forget_bulk()
        self.search, self.sort = "", GroupMemberQuery().sort
        await self._read_people()

    def _query(self) -> TableQuery:
        return TableQuery(search=self.search, sort=self.sort)

    async def _read_people(self) -> None:
        """Reads the people of the group, all of them for the picker, which offers none twice."""
        query = self._query()
        async with reading() as session:
            everybody = await groups.list_group_members(session, self._as_actor(), self.form_id)
            found = await self._fetch(session, self._as_actor(), query)
        self._member_ids, self.member_count = [member.user_id for member in everybody], len(everybody)
        self._keep(query, *found)

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[PersonRow], int, bool]:
        """Returns the people that the search leaves, on one page."""
        asked = GroupMemberQuery.model_validate({"search": query.search, "sort": query.sort})
        found = await groups.list_group_members(session, actor, self.form_id, asked)
        self._offer_export(asked)
        return [_person(member) for member in found], len(found), False

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        return await bulk.remove_group_members(session, actor, self.form_id, ids)

    @handler("groups.manage", supersedes=True)
    async def load(self) -> Events:
        """Reads the people again, and the list of groups with their number."""
        await self._read_people()
        return GroupsState.load

    @handler("groups.manage", supersedes=True)
    async def find_members(self, text: str) -> None:
        self.search = printable(text)
        await self._read_people()

    @handler("groups.manage", supersedes=True)
    async def sort_members(self, sort: str) -> None:
        """Sorts the people of the dialog, which has no URL of its own."""
        if sort not in get_args(GroupMemberQuery.model_fields["sort"].annotation):
            raise Invalid(_("Unknown order."))
        self.sort = sort
        await self._read_people()

    def _not_offered(self) -> set[int]:
        return set(self._member_ids)

    def _someone_is_picked(self) -> None:
        self.form_error, self.form_errors = "", {}

    def _show_faults(self, faults: dict[str, str], detail: str) -> None:
        """Shows the errors. That of the picked user stands at the search."""
        self._refuse_person(faults)
        super()._show_faults({"person" if name == PERSON else name: text for name, text in faults.items()}, detail)

    @handler("groups.manage")
    async def add(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        if self._begin_save(form) is None:
            return
        yield
        with self._showing_errors():
            if not self.picked:
                raise Invalid.at("person", _("Search for a user and choose one."))
            person = self.picked[0]
            async with transaction() as session:
                data = GroupMemberAdd(user_id=person["id"])
                await groups.add_group_member(session, self._as_actor(), self.form_id, data)
            self._forget_people()
            await self._read_people()
            self._toast(_("{name} added to {form_name}", name=person["name"], form_name=self.form_name))
            yield GroupsState.load

    @handler("groups.manage")
    async def remove(self, person_id: int) -> Events:
        """Removes one person. Adding them again gives the same roles back, so it asks nothing."""
        async with transaction() as session:
            await groups.remove_group_member(session, self._as_actor(), self.form_id, person_id)
        await self._read_people()
        return GroupsState.load
