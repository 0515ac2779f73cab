"""The tabs of projects in the command palette: of those that the text names, or of the one whose page is open."""

from collections.abc import Sequence
from dataclasses import dataclass

from tca_app.core.actor import Actor
from tca_app.core.database.session import Session
from tca_app.core.errors import NotFound
from tca_app.core.language.messages import N_, _
from tca_app.features.projects import policy, service as projects
from tca_app.features.projects.schemas import ProjectQuery, ProjectRead
from tca_app.features.projects.similar import SimilarProject, find_similar
from tca_app.features.projects.ui.detail_state import NEEDED
from tca_app.ui import routes
from tca_app.ui.palette.entries import Entry, Source, entry
from tca_app.ui.palette.matching import match
from tca_app.ui.url import number_in

MAX_PROJECTS = 3
MIN_WORD = 3  # "API" is in the names of many projects, too


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the page of a project, and words by which it is found beside its label."""

    name: str
    label: str
    words: str


TABS = (
    Tab("deployments", N_("Deployments"), "releases history"),
    Tab("members", N_("Members"), "team people roles groups invitations"),
    Tab("activity", N_("Activity"), "events audit log"),
    Tab("webhooks", N_("Webhooks"), "hooks deliveries"),
    Tab("settings", N_("Settings"), "tokens environments freeze github slack transfer archive delete"),
)


async def _search(session: Session, actor: Actor, text: str, here: str) -> list[Entry]:
    """Returns the tabs that some words name, of the projects that the other words name, which are searched once."""
    tabs_of = {word: [tab for tab in TABS if _is_named(tab, word)] for word in text.split()}
    named = [tab for tab in TABS if any(tab in tabs for tabs in tabs_of.values())]
    if not named:
        return []
    others = " ".join(word for word, tabs in tabs_of.items() if not tabs)
    chosen = await (_named(session, actor, others) if others else _open(session, actor, here))
    return [
        _entry(project, tab)
        for tab in named
        for project in chosen
        if policy.may(actor, NEEDED.get(tab.name, "projects.read"), project.my_role)
    ]


def _is_named(tab: Tab, word: str) -> bool:
    """Returns whether the word begins a word for the tab, in the viewer's language or in English."""
    names = f"{_(tab.label)} {tab.label} {tab.words}".casefold().split()
    return len(word) >= MIN_WORD and any(name.startswith(word.casefold()) for name in names)


async def _named(session: Session, actor: Actor, text: str) -> Sequence[ProjectRead | SimilarProject]:
    page = await projects.list_projects(session, actor, ProjectQuery(search=text, sort="name", limit=MAX_PROJECTS))
    if page.items:
        return page.items
    similar = await find_similar(session, actor, text)
    return [project for project in similar if match(text, project.name)][:MAX_PROJECTS]


async def _open(session: Session, actor: Actor, here: str) -> Sequence[ProjectRead | SimilarProject]:
    """Returns the project whose page is open, if any."""
    number = number_in(here.removeprefix(f"{routes.PROJECTS}/"))
    try:
        return [await projects.get_project(session, actor, number)] if number else []
    except NotFound:
        return []


def _entry(project: ProjectRead | SimilarProject, tab: Tab) -> Entry:
    url = f"{routes.project(project.id)}?tab={tab.name}"
    return entry(f"{project.name}: {_(tab.label)}", detail=project.slug, project=project, url=url)


OFFERED = (Source(N_("Pages"), _search),)
