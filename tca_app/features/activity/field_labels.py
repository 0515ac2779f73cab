"""How the detail of an event names its fields, and values that are words of the console."""

import json

from tca_app.core.language.messages import N_, _
from tca_app.core.language.stored import name_text

FIELDS = {
    "acting_for": N_("Acting for"),
    "allow_parallel": N_("Parallel deployments"),
    "allowed_networks": N_("Allowed networks"),
    "any_status": N_("Any status"),
    "app_name": N_("Name of the console"),
    "body": N_("Text"),
    "changed": N_("Changed"),
    "check_ids": N_("Components"),
    "claims": N_("Claims"),
    "color": N_("Color"),
    "commit_sha": N_("Commit"),
    "committed_at": N_("Committed"),
    "components": N_("Components"),
    "created": N_("New"),
    "days": N_("Days"),
    "deployed_version": N_("Version"),
    "description": N_("Description"),
    "device": N_("Device"),
    "digest": N_("Checksum"),
    "email": N_("Email"),
    "emoji": N_("Emoji"),
    "ends_at": N_("End"),
    "environment": N_("Environment"),
    "erasure": N_("Erasure"),
    "event_types": N_("Events"),
    "events": N_("Events"),
    "expected_status": N_("Expected status"),
    "expires_at": N_("Expires on"),
    "expires_on": N_("Expires on"),
    "failed": N_("Failed"),
    "failures_to_open": N_("Failures to open an incident"),
    "finished_at": N_("Finished"),
    "freeze_reason": N_("Reason for overriding the freeze"),
    "full_name": N_("Full name"),
    "group_name": N_("Group"),
    "interval_s": N_("Interval"),
    "is_active": N_("Active"),
    "is_paused": N_("Paused"),
    "is_pinned": N_("Pinned"),
    "is_protected": N_("Protected"),
    "is_public": N_("On the public page"),
    "is_superuser": N_("Administrator"),
    "issuer": N_("Issuer"),
    "kind": N_("Kind"),
    "language": N_("Language"),
    "lasted": N_("Duration"),
    "left": N_("Left"),
    "locale": N_("Formats"),
    "message": N_("Message"),
    "must_change_password": N_("Must change the password"),
    "name": N_("Name"),
    "note": N_("Note"),
    "old_ends_at": N_("Previous end"),
    "older_than": N_("Older than"),
    "outcome": N_("Result"),
    "owner": N_("Owner"),
    "passes_to_close": N_("Passes to resolve"),
    "password_min_length": N_("Minimum length of passwords"),
    "project_slug": N_("Project"),
    "provider": N_("Provider"),
    "query": N_("Filters"),
    "queued_at": N_("Queued"),
    "rank": N_("Order"),
    "reason": N_("Reason"),
    "ref": N_("Branch or tag"),
    "removal": N_("Removal"),
    "reporter": N_("Reported by"),
    "repository": N_("Repository"),
    "repository_url": N_("Repository"),
    "role": N_("Role"),
    "scopes": N_("Scopes"),
    "session_days": N_("Days of a session"),
    "session_idle_minutes": N_("Idle minutes of a session"),
    "severity": N_("Severity"),
    "sign_up": N_("Sign-up"),
    "signing_key": N_("Signing key"),
    "slug": N_("Slug"),
    "source": N_("Source"),
    "started_at": N_("Started"),
    "starts_at": N_("Start"),
    "status": N_("Status"),
    "status_public": N_("Public status page"),
    "tier": N_("Tier"),
    "time_zone": N_("Time zone"),
    "timeout_s": N_("Timeout"),
    "title": N_("Title"),
    "to_name": N_("New owner"),
    "topics": N_("Topics"),
    "trust": N_("Trusted issuer"),
    "two_factor_grace_days": N_("Days to add a second factor"),
    "two_factor_required": N_("Second factor required"),
    "undone_version": N_("Rolled back version"),
    "until": N_("Until"),
    "url": N_("URL"),
    "user_name": N_("User"),
    "username": N_("Username"),
    "was_in_trash": N_("Was in the trash"),
    "weight": N_("Weight"),
    "why": N_("Reason"),
    "window": N_("Period"),
}
# Of these fields.
WORD_FIELDS = frozenset({"kind", "outcome", "role", "severity", "source", "status", "tier"})
WORDS = {
    "viewer": N_("Viewer"),
    "deployer": N_("Deployer"),
    "maintainer": N_("Maintainer"),
    "owner": N_("Owner"),
    "minor": N_("Minor"),
    "major": N_("Major"),
    "critical": N_("Critical"),
    "investigating": N_("Investigating"),
    "identified": N_("Identified"),
    "monitoring": N_("Monitoring"),
    "resolved": N_("Resolved"),
    "active": N_("Active"),
    "paused": N_("Paused"),
    "archived": N_("Archived"),
    "pending_approval": N_("Awaiting approval"),
    "queued": N_("Queued"),
    "in_progress": N_("In progress"),
    "succeeded": N_("Succeeded"),
    "failed": N_("Failed"),
    "cancelled": N_("Cancelled"),
    "ui": N_("Console"),
    "api": "REST",
    "github": "GitHub",
    "production": N_("Production"),
    "staging": N_("Staging"),
    "testing": N_("Testing"),
    "development": N_("Development"),
    "other": N_("Other"),
    "authenticator app": N_("Authenticator app"),
    "passkey": N_("Passkey"),
}


def field_label(name: str) -> str:
    """Returns the label in the language of the reader. A field of an older version has its own name."""
    return _(FIELDS.get(name, name.replace("_", " ").capitalize()))


def value_text(name: str, value: object) -> str:
    """Returns a value for the reader: words of the console in their language, what people wrote as it is."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(value_text(name, one) for one in value)
    if isinstance(value, str):
        word = WORDS.get(value) if name in WORD_FIELDS else None
        return _(word) if word else name_text(value) if name == "components" else value
    return json.dumps(value, ensure_ascii=False)
