"""Events of imports. Each row has its own event beside."""

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_


class _Imported(Event):
    created: int
    changed: int
    failed: int


class UsersImported(_Imported):
    """`subject` is the console."""

    type = "users_imported"
    subject_type = "instance"
    title = N_("{actor} imported users: {created} new, {changed} changed, {failed} failed")


class ProjectsImported(_Imported):
    """`subject` is the person who imported them."""

    type = "projects_imported"
    subject_type = "user"
    title = N_("{actor} imported projects: {created} new, {changed} changed, {failed} failed")


class MembersImported(_Imported):
    """`subject` is the project."""

    type = "members_imported"
    subject_type = "project"
    title = N_("{actor} imported members of {subject}: {created} new, {changed} changed, {failed} failed")
