"""Schemas of incidents and their notes."""

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field

from tca_app.core.database.concurrency import UNSET, Changes, ListFilter
from tca_app.core.filters import DayOrMoment, Many
from tca_app.core.language.messages import N_, _
from tca_app.core.language.stored import name_text
from tca_app.core.schema import Flag, Id, InputModel, Limit, Name100, ReadModel, Reason, Skip, UrlId
from tca_app.features.health.schemas import Component, Severity
from tca_app.features.projects.schemas import ProjectRef

IncidentStatus = Literal["investigating", "identified", "monitoring", "resolved"]
MAX_COMPONENTS = 50
CheckIds = Annotated[list[Id], Field(max_length=MAX_COMPONENTS, description="The ids of health checks.")]


IncidentSort = Literal[
    "is_open",
    "-is_open",
    "name",
    "-name",
    "severity",
    "-severity",
    "status",
    "-status",
    "component",
    "-component",
    "opened_at",
    "-opened_at",
    "closed_at",
    "-closed_at",
    "duration",
    "-duration",
    "acknowledged_by",
    "-acknowledged_by",
]


class IncidentFilter(ListFilter):
    """`search` is in the title, the name of the component and the reason. `-is_open`: open ones first, then the newest.

    Of days `since` and `until` are inclusive and in UTC; of times `until` is exclusive.
    """

    project_id: Many[UrlId] = []
    check_id: Annotated[Many[UrlId], Field(description="Incidents of these checks, and those that affect them.")] = []
    open: Annotated[Flag | None, Field(description="true: open incidents; false: resolved ones.")] = None
    status: Many[IncidentStatus] = []
    severity: Many[Severity] = []
    acknowledged: Flag | None = None
    since: Annotated[DayOrMoment | None, Field(description="Open at this time or later.")] = None
    until: Annotated[DayOrMoment | None, Field(description="Open at this time or before.")] = None
    sort: IncidentSort = "-is_open"


class IncidentQuery(IncidentFilter):
    skip: Skip = 0
    limit: Limit = 50


class NoteRead(ReadModel):
    """A note, or an update when it set the `status`.

    `author` is "" when that user was permanently deleted. `/status/public` shows public notes without it.
    """

    id: int
    author: str
    author_id: int | None
    note: str
    status: IncidentStatus | None
    is_public: bool
    created_at: datetime


class IncidentRead(ReadModel):
    """A period in which a check was failing, or with `is_manual` an incident that a person opened.

    `name` is the component, or the title of a manual one. `components` are the affected ones that the caller may see.
    `notified`: the notified users whom the caller may see. `notified_count` counts all of them. `may_note`: whether the
    caller may edit and acknowledge it and add notes.
    """

    id: int
    is_manual: bool
    check_id: int | None
    title: str
    name: str
    project_id: int | None
    project: ProjectRef | None
    severity: Severity
    status: IncidentStatus
    components: list[Component]
    is_public: bool
    opened_at: datetime
    opened_by: str
    opened_by_id: int | None
    closed_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    acknowledged_by_id: int | None
    reason: str
    notes: list[NoteRead]
    notified: list[str]
    notified_count: int
    may_note: bool
    version: int


class IncidentCreate(InputModel):
    """With `project_id` an incident of that project, for its deployers; without one of the console, for superusers.

    `message` is the first update, with the status `investigating`. `is_public` shows the incident on the public page.
    """

    title: Annotated[Name100, Field(examples=["Checkout is slow"])]
    severity: Severity = "major"
    project_id: Id | None = None
    check_ids: CheckIds = []
    message: Reason
    is_public: bool = False


class IncidentUpdate(Changes):
    """An incident that checks opened has only a `severity`."""

    title: Name100 = UNSET
    severity: Severity = UNSET
    check_ids: CheckIds = UNSET
    is_public: bool = UNSET


class NoteCreate(InputModel):
    """`status` makes the note an update. `resolved` resolves a manual incident; checks resolve the others."""

    note: Reason
    status: IncidentStatus | None = None
    is_public: bool = False


SEVERITIES: dict[str, str] = {
    "minor": N_("Minor incident"),
    "major": N_("Major incident"),
    "critical": N_("Critical incident"),
}


class Titled(Protocol):
    """An incident as any page has it."""

    @property
    def name(self) -> str: ...

    @property
    def is_manual(self) -> bool: ...


def incident_title(incident: Titled) -> str:
    """Returns the title of an incident on a page."""
    return incident.name if incident.is_manual else _("{name} is down", name=name_text(incident.name))


def severity_words(incident: IncidentRead) -> str:
    """Returns "Major incident", for an incident without a reason."""
    return _(SEVERITIES[incident.severity])
