"""Lines of the dashboard's panels: the busiest projects and the newest records."""

from typing import TypedDict

from tca_app.core.language.messages import _
from tca_app.core.region.formats import number
from tca_app.features.dashboard.schemas import BusyProject, NewProject, NewUser
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of


class BusyRow(TypedDict):
    """A project in the panel "Busiest projects". `share` is the width of its bar relative to the busiest."""

    id: int
    name: str
    slug: str
    mark: Mark
    url: str
    deployments: str
    failed: str
    share: str


class NewEntry(TypedDict):
    """A line in a list of the newest records."""

    id: int
    name: str
    detail: str
    url: str
    created_at: str


class NewPersonRow(NewEntry):
    face: Face


class NewProjectRow(NewEntry):
    mark: Mark
    owner: str
    face: Face
    status: str


def busy_row(project: BusyProject, most: int) -> BusyRow:
    return BusyRow(
        id=project.id,
        name=project.name,
        slug=project.slug,
        mark=mark_of(project),
        url=f"{routes.project(project.id)}?tab=deployments",
        deployments=number(project.deployments),
        failed=_("{failed} failed", failed=number(project.failed)) if project.failed else "",
        share=f"{100 * project.deployments / most:.0f}%",
    )


def person_row(user: NewUser) -> NewPersonRow:
    return NewPersonRow(
        id=user.id,
        name=user.display_name,
        detail=user.username,
        url=routes.user(user.id),
        created_at=user.created_at.isoformat(),
        face=face_of(user.display_name, user.id),
    )


def project_row(project: NewProject) -> NewProjectRow:
    return NewProjectRow(
        id=project.id,
        name=project.name,
        detail=project.slug,
        owner=project.owner.display_name,
        face=face_of(project.owner.display_name, project.owner.id),
        url=routes.project(project.id),
        created_at=project.created_at.isoformat(),
        mark=mark_of(project),
        status=project.status,
    )
