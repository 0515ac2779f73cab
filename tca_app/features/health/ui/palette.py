"""Incidents and maintenance in the command palette."""

from functools import partial

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_, _, short_day
from tca_app.core.language.stored import name_text, stored_text
from tca_app.core.region.formats import ZONE
from tca_app.features.health import policy
from tca_app.features.health.components import may_anywhere
from tca_app.features.health.incidents.listing import find_similar, list_incidents
from tca_app.features.health.incidents.queries import get_incident
from tca_app.features.health.incidents.schemas import IncidentQuery, IncidentRead, severity_words
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Entry, Source, entry, resembling, with_similar

MAX_REASON = 100


async def _search(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns incidents by component, title and reason, open ones first; the word "incident" alone finds all."""
    words = text.casefold().removeprefix("incidents").removeprefix("incident").strip()
    page = await list_incidents(session, actor, IncidentQuery(search=words, limit=MAX_PER_GROUP))
    return await with_similar(words, page.items, partial(find_similar, session, actor, words), _entry)


async def _get(session: Session, actor: Actor, incident_id: int) -> Entry:
    return _entry(await get_incident(session, actor, incident_id))


def _entry(incident: IncidentRead) -> Entry:
    state = _("Resolved") if incident.closed_at else _("Ongoing")
    opened = short_day(incident.opened_at.astimezone(ZONE.get()))
    about = stored_text(incident.reason)[:MAX_REASON] or severity_words(incident)
    return entry(
        incident.name if incident.is_manual else name_text(incident.name),
        detail=f"{state} · {opened} · {about}",
        project=incident.project,
        url=routes.incident(incident.id),
    )


async def _actions(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns what the actor may do on the page `/status`, for which a search looks in their projects."""
    offered = [entry(_("New incident"), url=routes.STATUS, press="new-incident")]
    offered += [entry(_("Plan maintenance"), url=routes.STATUS, press="plan-maintenance")]
    allowed = [await may_anywhere(session, actor, action) for action in (policy.NOTE, policy.MANAGE)]
    return resembling(text, [one for one, may in zip(offered, allowed, strict=True) if may])


OFFERED = (Source(N_("Actions"), _actions), Source(N_("Incidents"), _search, path=routes.INCIDENTS, get=_get))
