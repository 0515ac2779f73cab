"""Events of projects and their members."""

from typing import Protocol, Self

from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_


class Subject(Protocol):
    """A row, a schema or a named tuple of a project."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


class ProjectEvent(Event):
    """`subject` is the project, so `project_id` is its id."""

    subject_type = "project"

    @classmethod
    def of(cls, project: Subject, **fields: object) -> Self:
        """Creates the event of a project."""
        return cls(subject_id=project.id, subject_name=project.name, project_id=project.id, **fields)


class ProjectCreated(ProjectEvent):
    type = "project_created"
    title = N_("{actor} created {subject}")


class ProjectUpdated(ProjectEvent):
    type = "project_updated"
    title = N_("{actor} changed {subject}")


class ProjectArchived(ProjectEvent):
    type = "project_archived"
    title = N_("{actor} archived {subject}")
    consumers = NOTIFYING


class ProjectDeleted(ProjectEvent):
    type = "project_deleted"
    title = N_("{actor} moved {subject} to the trash")
    consumers = NOTIFYING

    status: str


class ProjectRestored(ProjectEvent):
    type = "project_restored"
    title = N_("{actor} restored {subject}")
    consumers = NOTIFYING

    status: str


class ProjectPurged(ProjectEvent):
    type = "project_purged"
    title = N_("{subject} was permanently deleted from the trash")


class ProjectTransferred(ProjectEvent):
    type = "project_transferred"
    title = N_("{actor} transferred {subject} to {to_name}")
    consumers = NOTIFYING

    from_id: int
    to_id: int
    to_name: str


class _MemberEvent(ProjectEvent):
    """An event of one member of a project."""

    user_id: int
    user_name: str


class MemberAdded(_MemberEvent):
    type = "member_added"
    title = N_("{actor} added {user_name} to {subject} as {role}")
    consumers = NOTIFYING

    role: str


class MemberRoleChanged(_MemberEvent):
    type = "member_role_changed"
    title = N_("{actor} made {user_name} {role} of {subject}")
    consumers = NOTIFYING

    role: str


class MemberRemoved(_MemberEvent):
    type = "member_removed"
    title = N_("{actor} removed {user_name} from {subject}")
    consumers = NOTIFYING

    role: str
