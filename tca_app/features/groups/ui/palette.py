"""Groups in the command palette, for administrators."""

from urllib.parse import urlencode

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_, ngettext
from tca_app.features.groups.listing import list_group_page
from tca_app.features.groups.schemas import GroupQuery, GroupRead
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Entry, Source, entry


async def _search(session: Session, actor: Actor, text: str) -> list[Entry]:
    """Returns groups whose name or description contains the text. They lead to their row in the list."""
    page = await list_group_page(session, actor, GroupQuery(search=text, limit=MAX_PER_GROUP))
    return [_entry(group) for group in page.items]


def _entry(group: GroupRead) -> Entry:
    people = ngettext("{count} person", "{count} people", group.member_count)
    return entry(group.name, detail=people, url=f"{routes.GROUPS}?{urlencode({'q': group.name})}")


OFFERED = (Source(N_("Groups"), _search, "groups.manage"),)
