"""Events of webhooks. They contain only the host of a URL, because the rest is often a secret of the receiver."""

from typing import Protocol, Self

from tca_app.core.events.log import NOTIFYING, Event
from tca_app.core.language.messages import N_
from tca_app.core.urls import host_of


class Subject(Protocol):
    """A row, a schema or a receiver of a webhook."""

    @property
    def id(self) -> int: ...
    @property
    def project_id(self) -> int | None: ...
    @property
    def url(self) -> str: ...


class _WebhookEvent(Event):
    """`subject` is the webhook, named by its host."""

    subject_type = "webhook"

    @classmethod
    def of(cls, hook: Subject, **fields: object) -> Self:
        """Creates the event of a webhook."""
        return cls(subject_id=hook.id, subject_name=host_of(hook.url), project_id=hook.project_id, **fields)


class WebhookCreated(_WebhookEvent):
    type = "webhook_created"
    title = N_("{actor} created a webhook to {subject}")


class WebhookUpdated(_WebhookEvent):
    type = "webhook_updated"
    title = N_("{actor} changed the webhook to {subject}")


class WebhookDeleted(_WebhookEvent):
    type = "webhook_deleted"
    title = N_("{actor} deleted the webhook to {subject}")


class WebhookDisabled(_WebhookEvent):
    type = "webhook_disabled"
    title = N_("{actor} disabled the webhook to {subject}: {reason}")
    own_texts = ("reason",)
    consumers = NOTIFYING

    reason: str
