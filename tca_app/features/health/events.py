"""Events of health checks and incidents. Only a change of state is an event."""

from typing import Protocol, Self

from tca_app.core.events.log import NOTIFYING, Event


class Subject(Protocol):
    """A row with the columns of a check."""

    check_id: int
    name: str
    project_id: int | None


class _HealthEvent(Event):
    """`subject` is the check. A check of the console itself has no project."""

    subject_type = "health_check"

    @classmethod
    def of(cls, check: Subject, **fields: object) -> Self:
        """Creates the event of a check."""
        return cls(subject_id=check.check_id, subject_name=check.name, project_id=check.project_id, **fields)


class HealthCheckUpdated(_HealthEvent):
    type = "health_check_updated"
    title = "{actor} changed the check settings of {subject}"


class _IncidentEvent(_HealthEvent):
    incident_id: int


class HealthDegraded(_IncidentEvent):
    type = "health_degraded"
    title = "{subject} is down: {reason}"
    consumers = NOTIFYING

    reason: str


class HealthRecovered(_IncidentEvent):
    type = "health_recovered"
    title = "{subject} recovered after {lasted}"
    consumers = NOTIFYING

    lasted: str


class IncidentNoted(_IncidentEvent):
    type = "incident_noted"
    title = "{actor} added a note to the incident of {subject}: {note}"

    note: str
