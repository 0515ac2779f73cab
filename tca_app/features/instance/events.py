"""The events of the console itself: its settings, and the deletion of old events."""

from typing import Any, Self

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_


class InstanceSettingsChanged(Event):
    """`before` and `after` hold the changed settings; of the logo only the hash of the image."""

    type = "instance_settings_changed"
    subject_type = "instance"
    title = N_("{actor} changed the settings of {subject}")

    @classmethod
    def of(cls, name: str, before: dict[str, Any], after: dict[str, Any]) -> Self:
        """Creates the event. `name` is that of the console."""
        return cls(subject_id=1, subject_name=name, before=before, after=after)


class EventsRemoved(Event):
    """Old events were deleted from the log. `subject` is the console.

    `removal` marks where their chains begin now; `events` is the number of deleted events and `digest` the hash of
    these marks (core.events.verify). `older_than` is the time before which events were deleted.
    """

    type = "events_removed"
    subject_type = "instance"
    title = N_("Old events were deleted from the log of {subject}")

    removal: str
    events: int
    digest: str
    older_than: str
