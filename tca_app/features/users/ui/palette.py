"""People in the command palette: for administrators all, for members those of their projects."""

from functools import partial

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_
from tca_app.features.users import service as users
from tca_app.features.users.schemas import PersonRead, UserQuery, UserRead
from tca_app.features.users.similar import find_similar, find_teammates
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Command, Entry, Source, entry, resembling, with_similar

NEW_USER = "new-user"


async def _search(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns users whose name or email address contains the text, then those whose name only resembles it.

    Members find the people of their projects, by name, and what these did there: the page of a user is not for them.
    """
    if not actor.is_superuser:
        return resembling(text, [_teammate(actor, user) for user in await find_teammates(session, actor, text)])
    page = await users.list_users(session, actor, UserQuery(search=text, limit=MAX_PER_GROUP, sort="username"))
    return await with_similar(text, page.items, partial(find_similar, session, actor, text), _entry)


async def _get(session: Session, actor: Actor, user_id: int) -> Entry:
    return _entry(await users.get_user(session, actor, user_id))


def _entry(user: UserRead | PersonRead) -> Entry:
    detail = user.username if user.full_name else ""
    return entry(user.full_name or user.username, detail=detail, user_id=user.id, url=routes.user(user.id))


def _teammate(actor: Actor, user: PersonRead) -> Entry:
    own_page = user.id == actor.user_id
    return _entry(user) if own_page else {**_entry(user), "url": routes.activity_of(user.id)}


OFFERED = (
    Command(
        N_("Actions"),
        entry(N_("New user"), url=routes.USERS, press=NEW_USER),
        "users.manage",
        words="Create user add account",
    ),
    Source(N_("People"), _search, path=routes.USERS, get=_get),
)
