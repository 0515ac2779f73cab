"""Events of groups, and of groups in projects."""

from typing import Protocol, Self

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_
from tca_app.features.projects.events import ProjectEvent


class Subject(Protocol):
    """A row or a schema of a group."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


class _GroupEvent(Event):
    """`subject` is the group."""

    subject_type = "group"

    @classmethod
    def of(cls, group: Subject, **fields: object) -> Self:
        """Creates the event of a group."""
        return cls(subject_id=group.id, subject_name=group.name, **fields)


class GroupCreated(_GroupEvent):
    type = "group_created"
    title = N_("{actor} created the group {subject}")


class GroupUpdated(_GroupEvent):
    type = "group_updated"
    title = N_("{actor} changed the group {subject}")


class GroupDeleted(_GroupEvent):
    type = "group_deleted"
    title = N_("{actor} deleted the group {subject}")


class GroupMemberAdded(_GroupEvent):
    type = "group_member_added"
    title = N_("{actor} added {user_name} to the group {subject}")

    user_id: int
    user_name: str


class GroupMemberRemoved(_GroupEvent):
    type = "group_member_removed"
    title = N_("{actor} removed {user_name} from the group {subject}")

    user_id: int
    user_name: str


class _ProjectGroupEvent(ProjectEvent):
    """An event of one group in a project."""

    group_id: int
    group_name: str
    role: str


class ProjectGroupAdded(_ProjectGroupEvent):
    type = "project_group_added"
    title = N_("{actor} added the group {group_name} to {subject} as {role}")


class ProjectGroupChanged(_ProjectGroupEvent):
    type = "project_group_changed"
    title = N_("{actor} made the group {group_name} {role} of {subject}")


class ProjectGroupRemoved(_ProjectGroupEvent):
    type = "project_group_removed"
    title = N_("{actor} removed the group {group_name} from {subject}")
