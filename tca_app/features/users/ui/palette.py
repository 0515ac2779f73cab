"""People in the command palette, for administrators."""

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_
from tca_app.features.users import service as users
from tca_app.features.users.schemas import PersonRead, UserQuery, UserRead
from tca_app.features.users.similar import find_similar
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Command, Entry, Source, entry, resembling

NEW_USER = "new-user"


async def _search(session: Session, actor: Actor, text: str) -> list[Entry]:
    """Returns users whose name or email address contains the text, then those whose name only resembles it."""
    page = await users.list_users(session, actor, UserQuery(search=text, limit=MAX_PER_GROUP, sort="username"))
    found = [_entry(user) for user in page.items]
    if len(found) == MAX_PER_GROUP:
        return found
    similar = resembling(text, [_entry(user) for user in await find_similar(session, actor, text)])
    return found + [one for one in similar if one not in found]


async def _get(session: Session, actor: Actor, user_id: int) -> Entry:
    return _entry(await users.get_user(session, actor, user_id))


def _entry(user: UserRead | PersonRead) -> Entry:
    detail = user.username if user.full_name else ""
    return entry(user.full_name or user.username, detail=detail, user_id=user.id, url=routes.user(user.id))


OFFERED = (
    Command(
        N_("Actions"),
        entry(N_("New user"), url=routes.USERS, press=NEW_USER),
        "users.manage",
        words="Create user add account",
    ),
    Source(N_("People"), _search, "users.manage", path=routes.USERS, get=_get),
)
