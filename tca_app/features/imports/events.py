"""Events of imports. Each row has its own event beside."""

from tca_app.core.events.log import Event


class _Imported(Event):
    created: int
    changed: int
    failed: int


class UsersImported(_Imported):
    """`subject` is the console."""

    type = "users_imported"
    subject_type = "instance"
    title = "{actor} imported users: {created} new, {changed} changed, {failed} failed"


class ProjectsImported(_Imported):
    """`subject` is the person who imported them."""

    type = "projects_imported"
    subject_type = "user"
    title = "{actor} imported projects: {created} new, {changed} changed, {failed} failed"


class MembersImported(_Imported):
    """`subject` is the project."""

    type = "members_imported"
    subject_type = "project"
    title = "{actor} imported members of {subject}: {created} new, {changed} changed, {failed} failed"
