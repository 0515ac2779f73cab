"""Deployments in the command palette, and the command that reports one for a project."""

from functools import partial

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.language.messages import N_, _
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.listing.schemas import DeploymentQuery
from tca_app.features.deployments.listing.similar import find_similar
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.schemas import ProjectQuery, ProjectRead
from tca_app.ui import routes
from tca_app.ui.palette.entries import MAX_PER_GROUP, Entry, Source, entry, with_similar
from tca_app.ui.palette.matching import match

REPORT = N_("Report deployment")
REPORT_OF = N_("Report deployment of {name}")  # the name is last in every language: it is typed after these words
ALSO = f"{REPORT} New deployment create add"  # other words that find the command
MAX_PROJECTS = 100
MIN_SEARCH = 2


def new_deployment(project_id: object) -> str:
    """Returns the `data-command` of the button "New deployment". Takes an id or a Reflex var of one."""
    return f"new-deployment-{project_id}"


async def _search(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns deployments whose version, branch, commit or project contains the text, then similar ones, by age."""
    if len(text) < MIN_SEARCH:
        return []
    page = await deployments.list_deployments(session, actor, DeploymentQuery(search=text, limit=MAX_PER_GROUP))
    return await with_similar(text, page.items, partial(find_similar, session, actor, text), _entry)


async def _get(session: Session, actor: Actor, deployment_id: int) -> Entry:
    return _entry(await deployments.get_deployment(session, actor, deployment_id))


def _entry(found: DeploymentRead) -> Entry:
    about = (found.project.name, found.environment.name, found.commit_sha[:7])
    detail = " · ".join(part for part in about if part)
    return entry(found.version, detail=detail, project=found.project, url=routes.deployment(found.id))


async def _commands(session: Session, actor: Actor, text: str, _here: str) -> list[Entry]:
    """Returns the command, or once its words are in the box, the projects for which the viewer may report."""
    words = _(REPORT_OF, name="")
    if text.casefold().startswith(words.strip().casefold()):
        wanted = text[len(words) :].strip()
        return [_report(project) for project in await _reportable(session, actor, wanted)]
    is_wanted = not text or match(text, _(REPORT)) or match(text, ALSO)
    return [entry(_(REPORT), fill=words)] if is_wanted and await _reportable(session, actor, "") else []


async def _reportable(session: Session, actor: Actor, text: str) -> list[ProjectRead]:
    page = await projects.list_projects(session, actor, ProjectQuery(search=text, sort="name", limit=MAX_PROJECTS))
    return [
        project
        for project in page.items
        if project.status != "archived" and policy.may(actor, "deployments.write", project.my_role)
    ]


def _report(project: ProjectRead) -> Entry:
    url = f"{routes.project(project.id)}?tab=deployments"
    press = new_deployment(project.id)
    return entry(_(REPORT_OF, name=project.name), detail=project.slug, project=project, url=url, press=press)


OFFERED = (
    Source(N_("Actions"), _commands, is_offered=True),
    Source(N_("Deployments"), _search, path=routes.DEPLOYMENTS, get=_get),
)
