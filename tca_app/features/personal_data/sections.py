"""What the console stores about a person: the sections of the export, and the references that are in none of them.

Each section reads one table by the column that names the person. `tests/features/personal_data/test_sections.py` walks
the models and wants every reference to `users` here.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Select, Table, bindparam, case, func, literal, select, tuple_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from tca_app.models import (
    ApiToken,
    AuthSession,
    CommentMention,
    DashboardLayout,
    DeploymentComment,
    Factor,
    Group,
    GroupMember,
    Identity,
    Incident,
    IncidentNote,
    Invitation,
    ListPreference,
    LoggedEvent,
    MaintenanceWindow,
    Notification,
    NotificationDigest,
    NotificationPreference,
    OneTimeToken,
    Project,
    ProjectMember,
    RecoveryCode,
    SavedView,
    User,
    UserPicture,
)
from tca_app.models.base import TableModel

Columns = ReadOnlyColumnCollection[str, Column[Any]]
Where = tuple[ColumnElement[bool], ...]
PERSON = bindparam("person_id", type_=BigInteger)
_events, _projects, _groups = (model.__table__.c for model in (LoggedEvent, Project, Group))
_members, _of_groups = ProjectMember.__table__.c, GroupMember.__table__.c


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of `table` whose column `of` is the person. `fields` are its columns in the file, `more` computed ones."""

    name: str
    table: Table
    of: str
    fields: tuple[str, ...]
    more: tuple[ColumnElement[Any], ...] = ()
    where: Where = ()

    def statement(self, after: tuple[Any, ...] | None, limit: int) -> Select[Any]:
        """Returns the rows after a key, in the order of the primary key."""
        keys = tuple(self.table.primary_key.columns)
        shown = (*(self.table.c[name] for name in self.fields), *self.more)
        ordered = select(*shown, *(key.label(f"key_{key.name}") for key in keys))
        chosen = ordered.where(self.table.c[self.of] == PERSON, *self.where).order_by(*keys).limit(limit)
        return chosen if after is None else chosen.where(tuple_(*keys) > tuple_(*after))


def _named(table: Columns, reference: ColumnElement[Any], label: str) -> ColumnElement[Any]:
    return select(table.name).where(table.id == reference).scalar_subquery().label(label)


def _section(
    name: str, model: type[TableModel], of: str, fields: str, *more: ColumnElement[Any], where: Where = ()
) -> Section:
    return Section(name, model.__table__, of, tuple(fields.split()), more, where)


_EVENT = "id at type subject_type subject_id subject_name actor_type actor_id actor_name project_id data"
_own_address = case((_events.actor_id == PERSON, _events.ip), else_=None).label("ip")

SECTIONS = (
    _section(
        "profile",
        User,
        "id",
        "id email pending_email username full_name is_active is_superuser superuser_since must_change_password "
        "time_zone locale language last_login_at deleted_at created_at updated_at",
    ),
    _section(
        "picture",
        UserPicture,
        "user_id",
        "changed_at",
        literal("image/webp").label("media_type"),
        func.translate(func.encode(UserPicture.__table__.c.content, "base64"), "\n", "").label("content"),
    ),
    _section(
        "memberships",
        ProjectMember,
        "user_id",
        "project_id role own_role group_role created_at",
        _named(_projects, _members.project_id, "project_name"),
    ),
    _section("owned_projects", Project, "owner_id", "id name slug deleted_at created_at"),
    _section("groups", GroupMember, "user_id", "group_id", _named(_groups, _of_groups.group_id, "group_name")),
    _section(
        "sessions",
        AuthSession,
        "user_id",
        "id kind user_agent ip created_at last_used_at verified_at expires_at revoked_at revoked_reason",
    ),
    _section(
        "tokens",
        ApiToken,
        "user_id",
        "id name scopes allowed_networks created_at expires_at last_used_at revoked_at",
    ),
    _section("factors", Factor, "user_id", "id kind name created_at confirmed_at last_used_at"),
    _section("recovery_codes", RecoveryCode, "user_id", "created_at used_at"),
    _section("identities", Identity, "user_id", "id provider issuer subject name created_at last_used_at"),
    _section("links_by_mail", OneTimeToken, "user_id", "purpose email created_at expires_at used_at"),
    _section("notification_preferences", NotificationPreference, "user_id", "kind channel is_on"),
    _section("notification_digests", NotificationDigest, "user_id", "sent_at"),
    _section("notifications", Notification, "user_id", "id kind title body link created_at read_at"),
    _section("dashboard_layout", DashboardLayout, "user_id", "cards panels hidden"),
    _section("list_preferences", ListPreference, "user_id", "list hidden is_compact"),
    _section(
        "saved_views", SavedView, "user_id", "id list project_id webhook_id name query is_pinned created_at updated_at"
    ),
    _section("invitations_accepted", Invitation, "accepted_by_id", "id email project_id role created_at accepted_at"),
    _section("invitations_sent", Invitation, "invited_by_id", "id project_id role created_at accepted_at revoked_at"),
    _section("incidents_opened", Incident, "opened_by_id", "id title severity opened_at closed_at"),
    _section("maintenance_planned", MaintenanceWindow, "created_by_id", "id title message starts_at ends_at"),
    _section("incident_notes", IncidentNote, "user_id", "id incident_id note created_at"),
    _section("comments", DeploymentComment, "user_id", "id deployment_id body created_at edited_at"),
    _section("mentions", CommentMention, "user_id", "comment_id username"),
    _section("events_by_person", LoggedEvent, "actor_id", f"{_EVENT} ip"),
    _section(
        "events_about_person",
        LoggedEvent,
        "subject_id",
        _EVENT,
        _own_address,
        where=(_events.subject_type == "user", _events.actor_id.is_distinct_from(PERSON)),
    ),
)

BY_EVENTS = "events_by_person has each of these changes"
# References to a user that are in no section of their own, each with the reason.
NOT_EXPORTED = {
    "auth_sessions.acting_for_id": "the session of an administrator; events_about_person says who acted as the person",
    "ci_trusts.created_by_id": BY_EVENTS,
    "ci_trusts.user_id": "the account of a trusted CI issuer, never a person",
    "api_tokens.created_by_id": BY_EVENTS,
    "deployments.created_by_id": BY_EVENTS,
    "deployments.decided_by_id": BY_EVENTS,
    "ci_trusts.updated_by_id": BY_EVENTS,
    "environments.updated_by_id": BY_EVENTS,
    "freeze_windows.created_by_id": BY_EVENTS,
    "groups.updated_by_id": BY_EVENTS,
    "health_checks.updated_by_id": BY_EVENTS,
    "incidents.acknowledged_by_id": BY_EVENTS,
    "incidents.updated_by_id": BY_EVENTS,
    "maintenance_windows.updated_by_id": BY_EVENTS,
    "imports.user_id": "files about others, for a few days",
    "idempotency_keys.user_id": "copies of responses, for 24 hours",
    "instance_settings.changed_by_id": BY_EVENTS,
    "projects.updated_by_id": BY_EVENTS,
    "users.updated_by_id": "events_about_person says who changed the account",
    "webhooks.created_by_id": BY_EVENTS,
    "webhooks.updated_by_id": BY_EVENTS,
}
