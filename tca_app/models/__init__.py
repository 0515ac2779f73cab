"""All tables. Import them from here, so that Alembic and relations always know every table."""

from tca_app.models.aggregates import (
    DailyDeployments,
    DailyDeploymentTotals,
    DailyDurations,
    DailyMetric,
    DeploymentsSince,
    RolledSince,
)
from tca_app.models.auth import (
    AuthSession,
    Factor,
    IdempotencyKey,
    Identity,
    Invitation,
    LoginThrottle,
    OneTimeToken,
    PendingSignIn,
    RecoveryCode,
)
from tca_app.models.dashboard import DashboardLayout, ListPreference, SavedView
from tca_app.models.deployment import (
    CommentMention,
    Deployment,
    DeploymentComment,
    DeploymentLog,
    Environment,
    FreezeWindow,
)
from tca_app.models.event import (
    EventEffect,
    EventErasure,
    EventExport,
    EventHead,
    EventRemoval,
    JobFailure,
    LoggedEvent,
)
from tca_app.models.github import CommitStep, GithubCommit, GithubDelivery, GithubHook
from tca_app.models.health import (
    CertificateWarning,
    HealthCheck,
    HealthRoll,
    HealthSample,
    Incident,
    IncidentCheck,
    IncidentNote,
    MaintenanceCheck,
    MaintenanceWindow,
)
from tca_app.models.inbox import Notification, NotificationDigest, NotificationPreference, StatusSubscriber
from tca_app.models.instance import BackupRun, InstanceSetting
from tca_app.models.project import Group, GroupMember, Project, ProjectGroup, ProjectMember
from tca_app.models.slack import SlackChannel
from tca_app.models.token import ApiToken, CiTrust, UsedIdToken
from tca_app.models.user import User, UserPicture
from tca_app.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "ApiToken",
    "AuthSession",
    "BackupRun",
    "CertificateWarning",
    "CiTrust",
    "CommentMention",
    "CommitStep",
    "DailyDeploymentTotals",
    "DailyDeployments",
    "DailyDurations",
    "DailyMetric",
    "DashboardLayout",
    "Deployment",
    "DeploymentComment",
    "DeploymentLog",
    "DeploymentsSince",
    "Environment",
    "EventEffect",
    "EventErasure",
    "EventExport",
    "EventHead",
    "EventRemoval",
    "Factor",
    "FreezeWindow",
    "GithubCommit",
    "GithubDelivery",
    "GithubHook",
    "Group",
    "GroupMember",
    "HealthCheck",
    "HealthRoll",
    "HealthSample",
    "IdempotencyKey",
    "Identity",
    "Incident",
    "IncidentCheck",
    "IncidentNote",
    "InstanceSetting",
    "Invitation",
    "JobFailure",
    "ListPreference",
    "LoggedEvent",
    "LoginThrottle",
    "MaintenanceCheck",
    "MaintenanceWindow",
    "Notification",
    "NotificationDigest",
    "NotificationPreference",
    "OneTimeToken",
    "PendingSignIn",
    "Project",
    "ProjectGroup",
    "ProjectMember",
    "RecoveryCode",
    "RolledSince",
    "SavedView",
    "SlackChannel",
    "StatusSubscriber",
    "UsedIdToken",
    "User",
    "UserPicture",
    "Webhook",
    "WebhookDelivery",
]
