"""The filter of deployments by group: administrators filter by every group, others by those that they are in."""

from sqlalchemy import ColumnElement, select

from tca_app.core.actor import Actor
from tca_app.models import Deployment, GroupMember, ProjectGroup

_in_projects, _people = ProjectGroup.__table__.c, GroupMember.__table__.c


def known(actor: Actor) -> list[ColumnElement[bool]]:
    """Returns the conditions of the groups of projects by which the actor may filter."""
    if actor.is_superuser:
        return []
    return [_in_projects.group_id.in_(select(_people.group_id).where(_people.user_id == actor.user_id))]


def of_groups(actor: Actor, ids: list[int]) -> ColumnElement[bool]:
    """Returns the condition of the deployments of projects that have one of these groups."""
    chosen = select(_in_projects.project_id).where(_in_projects.group_id.in_(ids), *known(actor))
    return Deployment.__table__.c.project_id.in_(chosen)
