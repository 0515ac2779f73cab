"""Events of health checks, incidents and maintenance windows. Of a check only a change of state is an event."""

from typing import Protocol, Self

from tca_app.core.events.log import NOTIFYING, PUBLISHED, Event
from tca_app.core.language.messages import N_


class Subject(Protocol):
    """A row with the columns of a check."""

    check_id: int
    name: str
    project_id: int | None


class Named(Protocol):
    """An incident or a maintenance window."""

    id: int
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
    title = N_("{actor} changed the check settings of {subject}")


class HealthDegraded(_HealthEvent):
    type = "health_degraded"
    title = N_("{subject} is down: {reason}")
    own_texts = ("reason",)
    consumers = PUBLISHED

    incident_id: int
    reason: str


class HealthRecovered(_HealthEvent):
    type = "health_recovered"
    title = N_("{subject} recovered after {lasted}")
    consumers = PUBLISHED

    incident_id: int
    lasted: str


class CertificateExpiring(_HealthEvent):
    """`days` is the threshold that was passed, and `left` the time until the end in words."""

    type = "certificate_expiring"
    title = N_("The certificate of {subject} expires in {left}, on {expires_on}")
    consumers = NOTIFYING

    left: str
    expires_on: str
    days: int


class _NamedEvent(Event):
    """`is_public` of those with a note: whether strangers may read the note."""

    @classmethod
    def of(cls, subject: Named, **fields: object) -> Self:
        """Creates the event of an incident or a maintenance window."""
        return cls(subject_id=subject.id, subject_name=subject.name, project_id=subject.project_id, **fields)


class IncidentOpened(_NamedEvent):
    """Opened by a person. An incident that checks open is `health_degraded`."""

    type = "incident_opened"
    subject_type = "incident"
    title = N_("{actor} opened the {severity} incident {subject}: {note}")
    consumers = PUBLISHED

    severity: str
    note: str
    is_public: bool


class IncidentUpdated(_NamedEvent):
    type = "incident_updated"
    subject_type = "incident"
    title = N_("{actor} changed the incident {subject}")


class IncidentNoted(_NamedEvent):
    type = "incident_noted"
    subject_type = "incident"
    title = N_("{actor} added a note to the incident {subject}: {note}")
    consumers = (*Event.consumers, "subscribers")

    note: str
    is_public: bool


class IncidentStatusChanged(_NamedEvent):
    type = "incident_status_changed"
    subject_type = "incident"
    title = N_("{actor} set the incident {subject} to {status}: {note}")
    consumers = PUBLISHED

    status: str
    note: str
    is_public: bool


class IncidentAcknowledged(_NamedEvent):
    type = "incident_acknowledged"
    subject_type = "incident"
    title = N_("{actor} acknowledged the incident {subject}")
    consumers = NOTIFYING


class IncidentResolved(_NamedEvent):
    """Resolved by a person. An incident that checks resolve is `health_recovered`."""

    type = "incident_resolved"
    subject_type = "incident"
    title = N_("{actor} resolved the incident {subject} after {lasted}: {note}")
    consumers = PUBLISHED

    lasted: str
    note: str
    is_public: bool


class _MaintenanceEvent(_NamedEvent):
    """`window` is the period in words, in UTC."""

    subject_type = "maintenance"
    consumers = PUBLISHED

    window: str
    starts_at: str
    ends_at: str


class MaintenanceScheduled(_MaintenanceEvent):
    type = "maintenance_scheduled"
    title = N_("{actor} scheduled the maintenance {subject}, {window}")


class MaintenanceUpdated(_MaintenanceEvent):
    type = "maintenance_updated"
    title = N_("{actor} changed the maintenance {subject}, {window}")


class MaintenanceCancelled(_MaintenanceEvent):
    """Cancelled before it began, or ended early."""

    type = "maintenance_cancelled"
    title = N_("{actor} cancelled the maintenance {subject}, {window}")
