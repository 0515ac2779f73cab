"""Groups in the command palette, for administrators."""

from functools import partial
from urllib.parse import urlencode

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_, ngettext
from tca_app.features.groups.listing import find_similar, list_group_page
from tca_app.features.groups.schemas import GroupQuery, GroupRead
from tca_app.features.groups.service import get_group
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Entry, Source, entry, with_similar


def people_of_group(group_id: object) -> str:
    """Returns the `data-command` of the button with the name of a group. Takes an id or a Reflex var of one."""
    return f"group-{group_id}"


async def _search(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns groups whose name or description contains the text, then similar ones. They open their people."""
    page = await list_group_page(session, actor, GroupQuery(search=text, limit=MAX_PER_GROUP))
    return await with_similar(text, page.items, partial(find_similar, session, actor, text), _entry)


async def _get(session: Session, actor: Actor, group_id: int) -> Entry:
    return _entry(await get_group(session, actor, group_id))


def _entry(group: GroupRead) -> Entry:
    people = ngettext("{count} person", "{count} people", group.member_count)
    url = f"{routes.GROUPS}?{urlencode({'q': group.name})}"
    return entry(group.name, detail=people, url=url, press=people_of_group(group.id))


OFFERED = (Source(N_("Groups"), _search, "groups.manage", path=routes.GROUPS, get=_get),)
