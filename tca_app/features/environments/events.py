"""Events of environments and freeze windows. The subject is the project."""

from tca_app.core.events.log import NOTIFYING
from tca_app.core.language.messages import N_
from tca_app.features.projects.events import ProjectEvent


class _EnvironmentEvent(ProjectEvent):
    environment: str


class EnvironmentCreated(_EnvironmentEvent):
    type = "environment_created"
    title = N_("{actor} added the environment {environment} to {subject}")


class EnvironmentUpdated(_EnvironmentEvent):
    type = "environment_updated"
    title = N_("{actor} changed the environment {environment} of {subject}")


class EnvironmentDeleted(_EnvironmentEvent):
    type = "environment_deleted"
    title = N_("{actor} deleted the environment {environment} of {subject}")


class _FreezeEvent(ProjectEvent):
    """`environment` is "everything" for a window that applies to the whole project."""

    environment: str
    starts_at: str
    ends_at: str
    why: str


class FreezeSet(_FreezeEvent):
    type = "freeze_set"
    title = N_("{actor} froze {environment} of {subject}: {why}")
    consumers = NOTIFYING


class FreezeLifted(_FreezeEvent):
    type = "freeze_lifted"
    title = N_("{actor} lifted the freeze of {environment} of {subject}")
    consumers = NOTIFYING
