"""Where a person is stored, and what an erasure does with it.

`tests/features/personal_data/test_copies.py` walks the models: every reference to `users` and every column with text is
in one of these lists.
"""

from typing import Any

from sqlalchemy import Column

from tca_app.models import (
    ApiToken,
    AuthSession,
    CommentMention,
    DashboardLayout,
    Factor,
    GroupMember,
    IdempotencyKey,
    Identity,
    Invitation,
    ListPreference,
    Notification,
    NotificationDigest,
    NotificationPreference,
    OneTimeToken,
    ProjectMember,
    RecoveryCode,
    SavedView,
    UserPicture,
)

# Rows that go with the person.
DELETED: tuple[Column[Any], ...] = (
    AuthSession.__table__.c.user_id,
    OneTimeToken.__table__.c.user_id,
    Identity.__table__.c.user_id,
    Factor.__table__.c.user_id,
    RecoveryCode.__table__.c.user_id,
    ApiToken.__table__.c.user_id,
    Notification.__table__.c.user_id,
    NotificationPreference.__table__.c.user_id,
    NotificationDigest.__table__.c.user_id,
    DashboardLayout.__table__.c.user_id,
    ListPreference.__table__.c.user_id,
    SavedView.__table__.c.user_id,
    GroupMember.__table__.c.user_id,
    ProjectMember.__table__.c.user_id,
    IdempotencyKey.__table__.c.user_id,
    Invitation.__table__.c.accepted_by_id,
    UserPicture.__table__.c.user_id,
    CommentMention.__table__.c.user_id,
)

HISTORY = "says which account it was, now without a name"
# References that stay, each with the reason.
KEPT_REFERENCES = {
    "api_tokens.created_by_id": HISTORY,
    "auth_sessions.acting_for_id": "is emptied: nobody acts as the account any longer",
    "ci_trusts.created_by_id": HISTORY,
    "ci_trusts.user_id": "a service account, which is never a person",
    "deployment_comments.user_id": HISTORY,
    "deployments.created_by_id": HISTORY,
    "deployments.decided_by_id": HISTORY,
    "ci_trusts.updated_by_id": HISTORY,
    "environments.updated_by_id": HISTORY,
    "freeze_windows.created_by_id": HISTORY,
    "groups.updated_by_id": HISTORY,
    "health_checks.updated_by_id": HISTORY,
    "incident_notes.user_id": HISTORY,
    "incidents.acknowledged_by_id": HISTORY,
    "incidents.opened_by_id": HISTORY,
    "incidents.updated_by_id": HISTORY,
    "instance_settings.changed_by_id": HISTORY,
    "invitations.invited_by_id": HISTORY,
    "maintenance_windows.created_by_id": HISTORY,
    "maintenance_windows.updated_by_id": HISTORY,
    "projects.owner_id": "is somebody else: an owner is not erased",
    "projects.updated_by_id": HISTORY,
    "users.updated_by_id": HISTORY,
    "webhooks.created_by_id": HISTORY,
    "webhooks.updated_by_id": HISTORY,
}

# Text that people write. It loses the person's addresses and full names, and stays otherwise.
FREE_TEXTS = {
    "deployment_comments": ("body",),
    "deployments": ("description", "reason", "freeze_reason"),
    "freeze_windows": ("why",),
    "groups": ("description",),
    "incident_notes": ("note",),
    "incidents": ("title",),
    "maintenance_windows": ("title", "message"),
    "projects": ("description",),
    "webhooks": ("description",),
}

# Columns with a statement of their own in features.personal_data.erasure.
CLEANED = {
    "auth_sessions.revoked_reason": "who ended the sessions of others",
    "deployments.reporter": "the GitHub user",
    "events.actor_name": "",
    "events.data": "",
    "events.ip": "",
    "events.subject_name": "",
    "events.search_text": "follows the names",
    "idempotency_keys.answer": "responses to others that name the person are deleted",
    "invitations.email": "rows with an address of the person are deleted",
    "job_failures.error": "",
    "notifications.body": "is made again from the event",
    "notifications.title": "is made again from the event",
    "one_time_tokens.email": "rows with an address of the person are deleted",
    "procrastinate_jobs.args": "",
    "status_subscribers.email": "rows with an address of the person are deleted",
    "users.email": "",
    "users.full_name": "",
    "users.hashed_password": "",
    "users.locale": "",
    "users.pending_email": "",
    "users.search_text": "follows the names",
    "users.time_zone": "",
    "users.username": "",
    "webhook_deliveries.request_body": "is emptied for events that were erased",
    "webhook_deliveries.request_headers": "the same, because the signature is of the body",
}

FIXED = "words of the console, not of people"
NAMED_THINGS = "names and URLs of things; rename what is named after a person"
MACHINES = "written by machines that were asked, about the answer"
# Columns that stay, each with the reason. `table.*` are all that are not above.
KEPT_TEXTS = {
    "api_tokens.*": "rows of the person are deleted; other tokens belong to projects",
    "auth_sessions.*": "rows of the person are deleted",
    "backup_runs.error": MACHINES,
    "ci_trusts.*": NAMED_THINGS,
    "comment_mentions.*": "rows of the person are deleted, after the comments lost the name",
    "daily_deployment_totals.*": FIXED,
    "daily_deployments.*": FIXED,
    "daily_durations.*": FIXED,
    "daily_metrics.*": FIXED,
    "dashboard_layouts.*": "rows of the person are deleted",
    "list_preferences.*": "rows of the person are deleted",
    "deployment_logs.line": "output of CI, as it was; it is deleted with the project",
    "deployments.*": NAMED_THINGS,
    "environments.*": NAMED_THINGS,
    "event_effects.*": FIXED,
    "event_heads.*": FIXED,
    "event_removals.*": FIXED,
    "events.actor_type": FIXED,
    "events.request_id": "leads to lines of the log files, while they are kept",
    "events.subject_type": FIXED,
    "events.type": FIXED,
    "factors.*": "rows of the person are deleted",
    "github_commits.sha": "a hash",
    "github_deliveries.*": FIXED,
    "github_hooks.*": NAMED_THINGS,
    "groups.*": NAMED_THINGS,
    "health_checks.*": NAMED_THINGS,
    "health_samples.detail": MACHINES,
    "idempotency_keys.*": "chosen by clients, for 24 hours",
    "identities.*": "rows of the person are deleted",
    "incident_notes.status": FIXED,
    "incidents.reason": MACHINES,
    "incidents.severity": FIXED,
    "incidents.status": FIXED,
    "instance_settings.*": "settings of the whole console, which administrators change",
    "invitations.role": FIXED,
    "login_throttles.key": "ids and keyed hashes, for 24 hours",
    "notification_preferences.*": "rows of the person are deleted",
    "notifications.kind": FIXED,
    "notifications.link": FIXED,
    "one_time_tokens.purpose": FIXED,
    "pending_sign_ins.*": "names nobody, and ends within ten minutes",
    "project_groups.*": FIXED,
    "project_members.*": "rows of the person are deleted",
    "projects.*": NAMED_THINGS,
    "saved_views.*": "own views of the person are deleted; shared ones are named by administrators",
    "slack_channels.*": FIXED,
    "user_pictures.*": "rows of the person are deleted",
    "users.kind": FIXED,
    "webhook_deliveries.*": "what the receiver answered, for 90 days",
    "webhooks.*": NAMED_THINGS,
}
