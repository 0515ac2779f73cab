"""The event of the instance settings."""

from typing import Any, Self

from tca_app.core.events.log import Event


class InstanceSettingsChanged(Event):
    """`before` and `after` hold the changed settings; of the logo only the hash of the image."""

    type = "instance_settings_changed"
    subject_type = "instance"
    title = "{actor} changed the settings of {subject}"

    @classmethod
    def of(cls, name: str, before: dict[str, Any], after: dict[str, Any]) -> Self:
        """Creates the event. `name` is that of the console."""
        return cls(subject_id=1, subject_name=name, before=before, after=after)
