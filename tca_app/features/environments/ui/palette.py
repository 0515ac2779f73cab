"""Environments in the command palette."""

from functools import partial

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_
from tca_app.features.environments.search import EnvironmentMatch, find_environments, find_similar
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Entry, Source, entry, with_similar


async def _search(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns environments for words like "prod billing": they lead to the deployments of their project."""
    found = await find_environments(session, actor, text, MAX_PER_GROUP)
    return await with_similar(text, found, partial(find_similar, session, actor, text), _entry)


def _entry(found: EnvironmentMatch) -> Entry:
    project = found.project
    url = f"{routes.project(project.id)}?tab=deployments"
    return entry(f"{found.name} · {project.name}", detail=project.slug, project=project, url=url)


OFFERED = (Source(N_("Environments"), _search),)
