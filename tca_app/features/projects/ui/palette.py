"""Projects in the command palette."""

from functools import partial

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.schemas import ProjectQuery, ProjectRead
from tca_app.features.projects.similar import SimilarProject, find_similar
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Command, Entry, Source, entry, with_similar

NEW_PROJECT = "new-project"


async def _search(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns projects whose name contains the text, then those that only resemble it."""
    page = await projects.list_projects(session, actor, ProjectQuery(search=text, sort="name", limit=MAX_PER_GROUP))
    return await with_similar(text, page.items, partial(find_similar, session, actor, text), _entry)


async def _get(session: Session, actor: Actor, project_id: int) -> Entry:
    return _entry(await projects.get_project(session, actor, project_id))


def _entry(project: ProjectRead | SimilarProject) -> Entry:
    return entry(project.name, detail=project.slug, project=project, url=routes.project(project.id))


OFFERED = (
    Command(
        N_("Actions"),
        entry(N_("New project"), url=routes.PROJECTS, press=NEW_PROJECT),
        rule=lambda actor: policy.may(actor, "projects.create"),
        words="Create project add",
    ),
    Source(N_("Projects"), _search, path=routes.PROJECTS, get=_get),
)
