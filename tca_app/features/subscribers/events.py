"""Events of subscribers. They do not contain the address: the log cannot forget it when its owner unsubscribes."""

from typing import Self

from tca_app.core.events.log import Event
from tca_app.core.language.messages import N_


class StatusSubscriberRemoved(Event):
    """An administrator removed a subscriber."""

    type = "status_subscriber_removed"
    subject_type = "status_subscriber"
    title = N_("{actor} removed {subject} of the public status page")

    @classmethod
    def of(cls, subscriber_id: int) -> Self:
        """Creates the event."""
        return cls(subject_id=subscriber_id, subject_name=f"subscriber {subscriber_id}")
