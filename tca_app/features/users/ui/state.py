"""State of the list of users."""

from typing import ClassVar, TypedDict

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session, reading
from tca_app.core.errors import Invalid
from tca_app.core.facets import Facet, Facets
from tca_app.core.language.messages import N_, _
from tca_app.core.lists.bulk import BulkResult
from tca_app.core.lists.query import number_in
from tca_app.features.groups.bulk import add_group_members
from tca_app.features.groups.listing import list_groups
from tca_app.features.users import service as users
from tca_app.features.users.bulk import bulk_users
from tca_app.features.users.facets import count_users
from tca_app.features.users.filters import USERS
from tca_app.features.users.schemas import UserBulk, UserQuery, UserRead
from tca_app.features.users.trash import Deleter, list_deleters
from tca_app.features.users.ui.new_owner_state import NewOwnerState
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, face_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.session import SessionState
from tca_app.ui.table.bulk import RESTORE, BulkAction, BulkActions, BulkSpec
from tca_app.ui.table.state import TableQuery
from tca_app.ui.table.trash import Trashed, trashed
from tca_app.ui.url import printable

FLAGS = {"status": {"active": True, "inactive": False}, "role": {"admin": True, "member": False}}
DEACTIVATED = N_("They are signed out everywhere and cannot sign in until an administrator activates them.")
DELETED = N_("They are signed out and moved to the trash. An administrator can restore them.")


class UserRow(TypedDict):
    """A user for the list and the detail page. Times are ISO 8601, or "" for never."""

    id: int
    name: str
    face: Face
    username: str
    full_name: str
    email: str
    is_active: bool
    is_superuser: bool
    is_deleted: bool
    created_at: str
    updated_at: str
    last_login_at: str
    trash: Trashed


def user_row(user: UserRead, deleter: Deleter | None = None) -> UserRow:
    return UserRow(
        id=user.id,
        name=user.full_name or user.username,
        face=face_of(user.full_name or user.username, user.id),
        username=user.username,
        full_name=user.full_name,
        email=user.email,
        is_active=user.is_active,
        is_superuser=user.is_superuser,
        is_deleted=user.deleted_at is not None,
        created_at=user.created_at.isoformat(),
        updated_at=user.updated_at.isoformat(),
        last_login_at=user.last_login_at.isoformat() if user.last_login_at else "",
        trash=trashed(user.deleted_at, *(deleter or (None, ""))),
    )


class UsersState(NewOwnerState, BulkActions, SessionState):
    """State of the list. The URL holds its filters."""

    rows: list[UserRow] = []
    group_options: list[list[str]] = []  # (id, name) of the groups that the confirmation offers

    _group_id: int = 0
    _spec: ClassVar = USERS
    _bulk: ClassVar = BulkSpec(
        "users.manage",
        "user",
        (
            BulkAction("activate", N_("Activate"), N_("activated"), settled=lambda row: row.get("is_active") is True),
            BulkAction(
                "deactivate",
                N_("Deactivate"),
                N_("deactivated"),
                DEACTIVATED,
                skips_self=True,
                settled=lambda row: row.get("is_active") is False,
            ),
            BulkAction(
                "group",
                N_("Add to group"),
                N_("added to the group"),
                N_("They get the role of the group in every project that adds it."),
                title=N_("Add {what} to a group?"),
            ),
            BulkAction(
                "delete", N_("Delete"), N_("moved to trash"), DELETED, danger=True, undo=RESTORE.key, skips_self=True
            ),
            RESTORE,
        ),
        name_key="username",
    )

    def _asked(self, query: TableQuery) -> UserQuery:
        """Returns the query of the service. Both values of a filter are the same as none."""
        flags = {
            key: values[query.chosen[key][0]] if len(query.chosen[key]) == 1 else None for key, values in FLAGS.items()
        }
        return UserQuery(
            skip=query.skip,
            limit=query.limit,
            search=printable(query.search),
            sort=query.sort,
            is_active=flags["status"],
            is_superuser=flags["role"],
            deleted=query.filters["view"] == "trash",
            existed_on=query.filters["existed_on"] or None,
            **self._span(query),
        )

    async def _fetch(self, session: Session, actor: Actor, query: TableQuery) -> tuple[list[UserRow], int, bool]:
        asked = self._asked(query)
        page = await users.list_users(session, actor, asked)
        self._offer_export(asked)
        gone = [user.id for user in page.items if user.deleted_at]
        deleters = await list_deleters(session, actor, "user", gone)
        return [user_row(user, deleters.get(user.id)) for user in page.items], page.total, page.capped

    async def _facet(self, session: Session, actor: Actor, query: TableQuery, key: str, search: str) -> Facets:
        counted = await count_users(
            session, actor, self._asked(query), "is_active" if key == "status" else "is_superuser"
        )
        counts = {facet.value == "true": facet.count for facet in counted.values}
        values = [Facet(value=value, count=counts.get(flag, 0)) for value, flag in FLAGS[key].items()]
        return Facets(values=values, capped=counted.capped)

    async def _apply(self, session: Session, actor: Actor, action: str, ids: list[int]) -> list[BulkResult]:
        if action == "group":
            if not self._group_id:
                raise Invalid(_("Choose a group."))
            return await add_group_members(session, actor, self._group_id, ids)
        new_owner = self._new_owner_id() if action == "delete" else None
        return await bulk_users(
            session, actor, UserBulk.model_validate({"action": action, "ids": ids, "transfer_to": new_owner})
        )

    async def _prepare_question(self, action: str) -> None:
        if action == "delete":
            self._offer_owners(_("Owners of projects are skipped unless you choose a new owner."), self._bulk_ids)
        else:
            self._hide_owners()
        self._group_id, self.group_options = 0, []
        if action == "group":
            await self._offer_groups()

    async def _offer_groups(self) -> None:
        async with reading() as session:
            known = await list_groups(session, self._as_actor())
        if known:
            self.group_options = [["", _("Choose a group")], *([str(group.id), group.name] for group in known)]
        else:
            self.is_bulk_open = False
            self._toast(_("There are no groups yet."), kind="error", url=routes.GROUPS)

    @handler("users.manage")
    async def choose_group(self, group_id: str) -> None:
        """Chooses the group of the open confirmation."""
        self._group_id, self.bulk_error = number_in(group_id), ""

    @handler("users.manage", supersedes=True)
    async def load(self) -> Events:
        self._watch(UsersState.load, "users")
        return await self._load()
