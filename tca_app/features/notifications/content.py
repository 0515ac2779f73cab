"""What the notification of an event says: its title, its body, and where it leads."""

from typing import Any

from tca_app.core.events.log import RecordedEvent, own_texts
from tca_app.core.events.words import spoken, spoken_subject
from tca_app.core.language.messages import N_, _
from tca_app.features.notifications.kinds import KINDS

# What `body_of` names: fields of an account, as their columns are called.
_FIELDS = (N_("Email"), N_("Username"), N_("Full name"), N_("Is active"), N_("Is superuser"))


def title_of(event: RecordedEvent, **more: str) -> str:
    """Returns the title for the recipient. `more` replaces fields of the event."""
    subject = spoken_subject(event.subject_type, event.subject_name, event.data)
    names = {**spoken(event.data, own_texts(event.type)), "actor": event.actor_name, "subject": subject, **more}
    return _(KINDS[event.type].title).format_map(names)


def body_of(event: RecordedEvent) -> str:
    """Returns which fields changed or why it happened, where the title does not say so."""
    if name := KINDS[event.type].says:
        return str(spoken(event.data, own_texts(event.type))[name])
    changed: Any = event.data.get("after", {}) if KINDS[event.type].names_fields else {}
    return ", ".join(_(name.replace("_", " ").capitalize()) for name in changed)


def link_of(event: RecordedEvent) -> str:
    """Returns the path of the page with details, or "" when the recipient may not see it."""
    kind = KINDS[event.type]
    if not kind.leads_there:
        return ""
    return "/settings" if kind.audience == "subject" else path_of(event)


def path_of(event: RecordedEvent) -> str:
    """Returns the path of the subject's page for any viewer, or "" when there is none."""
    if event.subject_type == "project":
        return f"/projects/{event.subject_id}"
    if event.subject_type == "webhook":
        page = f"/projects/{event.project_id}?tab=webhooks&" if event.project_id else "/settings/webhooks?"
        return f"{page}hook={event.subject_id}"
    if event.subject_type == "deployment":
        comment = f"#comment-{event.data['comment_id']}" if "comment_id" in event.data else ""
        return f"/deployments/{event.subject_id}{comment}"
    if incident_id := event.subject_id if event.subject_type == "incident" else event.data.get("incident_id"):
        return f"/incidents/{incident_id}"
    if event.subject_type in ("health_check", "maintenance"):
        return "/status"
    if event.subject_type == "token":
        return f"/projects/{event.project_id}?tab=settings" if event.project_id else "/settings?tab=tokens"
    return f"/users/{event.subject_id}" if event.subject_type == "user" else ""
