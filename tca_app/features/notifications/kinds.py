"""The kinds of notification: for each event the audience, the channels and the text."""

from dataclasses import dataclass
from typing import Literal

from tca_app.core.language.messages import N_

Channel = Literal["inbox", "mail"]
CHANNELS: tuple[Channel, ...] = ("inbox", "mail")
# Channels that cannot be switched off: they warn users of a change to their account that may be an attack.
ALWAYS: frozenset[tuple[str, Channel]] = frozenset(
    (name, "mail")
    for name in (
        "password_changed",
        "factor_added",
        "factor_removed",
        "factors_reset",
        "passkey_refused",
        "recovery_code_used",
        "recovery_codes_renewed",
    )
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notification.

    `audience` is "subject" (the user it happened to), "team" (all members of the project), "maintainers" (maintainers
    and owners of the project, or all superusers without a project), "admins", "owner" (whom a token belongs to: a
    person, or the maintainers and owners of the project), or names of event fields that contain a user id, separated by
    a space. `title` may contain {actor}, {subject} and the event's own fields. `names_fields`
    lists the changed fields below the title; `says` is the field shown below it. `even_own` notifies the actor too,
    because a script acts in their name. `sees_project` leaves out who may not see the project (any more). `answers` is
    the kind that the actor has dealt with: theirs about the same subject is read then.
    """

    label: str
    audience: str
    title: str
    on: frozenset[Channel] = frozenset({"inbox"})
    template: str = "notice"
    leads_there: bool = True
    names_fields: bool = False
    offered: tuple[Channel, ...] = CHANNELS
    says: str = ""
    even_own: bool = False
    sees_project: bool = False
    answers: str = ""


KINDS: dict[str, Kind] = {
    "member_added": Kind(
        N_("You are added to a project"),
        "user_id",
        N_("{actor} added you to {subject} as {role}"),
        frozenset({"inbox", "mail"}),
        "invitation",
    ),
    "member_role_changed": Kind(N_("Your role changes"), "user_id", N_("{actor} made you {role} of {subject}")),
    "member_removed": Kind(
        N_("You are removed from a project"), "user_id", N_("{actor} removed you from {subject}"), leads_there=False
    ),
    "project_transferred": Kind(
        N_("A project is transferred"), "from_id to_id", N_("{actor} transferred {subject} to {to_name}")
    ),
    "project_archived": Kind(N_("Your project is archived"), "team", N_("{actor} archived {subject}")),
    "project_deleted": Kind(
        N_("Your project is deleted"), "team", N_("{actor} moved {subject} to the trash"), leads_there=False
    ),
    "project_restored": Kind(N_("Your project is restored"), "team", N_("{actor} restored {subject}")),
    "deployment_failed": Kind(
        N_("A deployment fails"),
        "maintainers",
        N_("The deployment of {subject} failed"),
        frozenset({"inbox", "mail"}),
        "deployment",
        says="reason",
        even_own=True,
    ),
    "deployment_approval_requested": Kind(
        N_("A deployment awaits your approval"),
        "maintainers",
        N_("{actor} requested approval to deploy {subject}"),
        frozenset({"inbox", "mail"}),
        "deployment",
    ),
    "deployment_approved": Kind(
        N_("Your deployment is approved"),
        "asked_by_id",
        N_("{actor} approved {subject}"),
        answers="deployment_approval_requested",
    ),
    "deployment_refused": Kind(
        N_("Your deployment is refused"),
        "asked_by_id",
        N_("{actor} refused {subject}"),
        template="deployment",
        says="reason",
        answers="deployment_approval_requested",
    ),
    "person_mentioned": Kind(
        N_("You are mentioned in a comment"),
        "user_id",
        N_("{actor} mentioned you in a comment on {subject}"),
        frozenset({"inbox", "mail"}),
        sees_project=True,
    ),
    "freeze_set": Kind(
        N_("Your project is frozen"), "team", N_("{actor} froze {environment} of {subject}"), says="why"
    ),
    "freeze_lifted": Kind(
        N_("A freeze of your project is lifted"), "team", N_("{actor} lifted the freeze of {environment} of {subject}")
    ),
    "freeze_passed": Kind(
        N_("An administrator overrides a freeze"),
        "maintainers",
        N_("{actor} overrode the freeze for {subject}"),
        says="reason",
    ),
    "health_degraded": Kind(
        N_("A component or environment goes down"),
        "maintainers",
        N_("{subject} is down"),
        frozenset({"inbox", "mail"}),
        says="reason",
    ),
    "health_recovered": Kind(
        N_("A component or environment recovers"),
        "maintainers",
        N_("{subject} recovered after {lasted}"),
    ),
    "certificate_expiring": Kind(
        N_("A TLS certificate expires within 30, 14 or 3 days"),
        "maintainers",
        N_("The certificate of {subject} expires in {left}, on {expires_on}"),
        frozenset({"inbox", "mail"}),
    ),
    "incident_opened": Kind(
        N_("An incident is opened by hand"),
        "maintainers",
        N_("{actor} opened the {severity} incident {subject}"),
        frozenset({"inbox", "mail"}),
        says="note",
    ),
    "incident_status_changed": Kind(
        N_("An incident is updated"), "maintainers", N_("{actor} set the incident {subject} to {status}"), says="note"
    ),
    "incident_acknowledged": Kind(
        N_("An incident is acknowledged"), "maintainers", N_("{actor} acknowledged the incident {subject}")
    ),
    "incident_resolved": Kind(
        N_("An incident is resolved by hand"),
        "maintainers",
        N_("{actor} resolved the incident {subject} after {lasted}"),
        says="note",
    ),
    "maintenance_scheduled": Kind(
        N_("Maintenance is scheduled"), "maintainers", N_("{actor} scheduled the maintenance {subject}"), says="window"
    ),
    "maintenance_updated": Kind(
        N_("Maintenance is changed"), "maintainers", N_("{actor} changed the maintenance {subject}"), says="window"
    ),
    "maintenance_cancelled": Kind(
        N_("Maintenance is cancelled"), "maintainers", N_("{actor} cancelled the maintenance {subject}"), says="window"
    ),
    "user_updated": Kind(
        N_("Someone changes your account"), "subject", N_("{actor} changed your account"), names_fields=True
    ),
    "password_changed": Kind(
        N_("Your password is changed"), "subject", N_("{actor} changed your password"), template="password_changed"
    ),
    "factor_added": Kind(
        N_("A second factor is added to your account"),
        "subject",
        N_("{actor} added the {kind} {name} to your account"),
        template="factor",
    ),
    "factor_removed": Kind(
        N_("A second factor is removed from your account"),
        "subject",
        N_("{actor} removed the {kind} {name} from your account"),
        template="factor",
    ),
    "recovery_codes_renewed": Kind(
        N_("Your recovery codes are replaced"),
        "subject",
        N_("{actor} generated new recovery codes for your account"),
        template="factor",
    ),
    "recovery_code_used": Kind(
        N_("One of your recovery codes is used"),
        "subject",
        N_("{actor} used one of your recovery codes; {left} left"),
        template="factor",
    ),
    "factors_reset": Kind(
        N_("An administrator resets your second factors"),
        "subject",
        N_("{actor} reset two-factor authentication of your account"),
        template="factor",
    ),
    "passkey_refused": Kind(
        N_("One of your passkeys may have been copied"),
        "subject",
        N_("{actor} refused your passkey {name}, because it may have been copied"),
        template="factor",
    ),
    "acting_started": Kind(
        N_("An administrator acts as you"), "subject", N_("{actor} acts as you for up to 30 minutes"), says="reason"
    ),
    "session_revoked": Kind(N_("Someone signs out your sessions"), "subject", N_("{actor} signed out your sessions")),
    "identity_linked": Kind(
        N_("A way to sign in is linked to your account"),
        "subject",
        N_("{provider} was linked to your account: it can sign in as you now"),
        frozenset({"inbox", "mail"}),
        even_own=True,
    ),
    "identity_unlinked": Kind(
        N_("A way to sign in is unlinked from your account"),
        "subject",
        N_("{provider} was unlinked from your account"),
        even_own=True,
    ),
    "webhook_disabled": Kind(
        N_("A webhook is disabled"), "maintainers", N_("{actor} disabled the webhook to {subject}: {reason}")
    ),
    "token_expiring": Kind(
        N_("An API token of yours or of your project expires within seven days"),
        "owner",
        N_("The API token {subject} of {owner} expires on {expires_on}"),
        frozenset({"inbox", "mail"}),
    ),
    "token_revoked": Kind(
        N_("Someone revokes an API token of yours or of your project"),
        "owner",
        N_("{actor} revoked the API token {subject} of {owner}"),
    ),
    "user_created": Kind(
        N_("A user is created (administrators)"), "admins", N_("{actor} created the user {subject}"), frozenset()
    ),
}


DIGEST = "digest"
# The kinds in the preferences: every kind of event, and the summary of unread notifications.
OFFERED: dict[str, Kind] = KINDS | {
    DIGEST: Kind(
        N_("A daily summary of unread notifications at 07:00 in your time zone"),
        "self",
        "",
        frozenset(),
        offered=("mail",),
    )
}
