"""How the page of one deployment shows it: its facts and the steps that it took."""

from datetime import datetime, timedelta
from typing import TypedDict

from tca_app.core.language.messages import _
from tca_app.core.language.stored import stored_text
from tca_app.core.urls import link_of
from tca_app.features.deployments.commits.ui.parts import CommitRow, count_of, rows_of
from tca_app.features.deployments.listing.filters import SOURCE_LABELS
from tca_app.features.deployments.policy import was_refused
from tca_app.features.deployments.rollback_schemas import RollbackPlan
from tca_app.features.deployments.schemas import DeploymentRead
from tca_app.features.deployments.ui.components import LOOKS
from tca_app.features.deployments.ui.state import took
from tca_app.ui import routes
from tca_app.ui.components.faces import Face, Mark, face_of, mark_of

SHOWN_FROM = timedelta(seconds=1)  # the time between two steps
_NOBODY = ("", None)
_STARTED = ("", "circle-dot")  # once it has ended; a loader would say that it still runs


class Facts(TypedDict):
    """The deployment as the page shows it. Addresses are "" when there is none that may be linked."""

    id: int
    version: str
    project: str
    project_slug: str
    project_url: str
    mark: Mark
    environment: str
    is_protected: bool
    status: str
    source: str
    reason: str
    description: str
    commit: str
    ref: str
    ci_url: str
    log_url: str
    environment_url: str
    who: str
    face: Face
    freeze_reason: str
    undoes: str
    took: str


class Step(TypedDict):
    """A step of the timeline, with the tone and the icon of its status; `took` is since the step before.

    `face` is that of `who`, which may be "".
    """

    label: str
    at: str
    who: str
    face: Face
    tone: str
    icon: str
    took: str


class Plan(TypedDict):
    """What a rollback would do. `undone` says how many commits it takes back, "" where that is not known."""

    environment: str
    from_version: str
    to_id: int
    to_version: str
    to_url: str
    needs_approval: bool
    compare_url: str
    undone: str
    commits: list[CommitRow]


NO_PLAN = Plan(
    environment="",
    from_version="",
    to_id=0,
    to_version="",
    to_url="",
    needs_approval=False,
    compare_url="",
    undone="",
    commits=[],
)


def plan_of(found: RollbackPlan, from_version: str) -> Plan:
    return Plan(
        environment=found.to.environment.name,
        from_version=from_version,
        to_id=found.to.id,
        to_version=found.to.version,
        to_url=routes.deployment(found.to.id),
        needs_approval=found.needs_approval,
        compare_url=found.compare_url,
        undone=count_of(found.undone),
        commits=rows_of(found.undone),
    )


NOTHING = Facts(
    id=0,
    version="",
    project="",
    project_slug="",
    project_url="",
    mark=mark_of(None),
    environment="",
    is_protected=False,
    status="",
    source="",
    reason="",
    description="",
    commit="",
    ref="",
    ci_url="",
    log_url="",
    environment_url="",
    who="",
    face=face_of(""),
    freeze_reason="",
    undoes="",
    took="",
)


def facts_of(found: DeploymentRead) -> Facts:
    return Facts(
        id=found.id,
        version=found.version,
        project=found.project.name,
        project_slug=found.project.slug,
        project_url=routes.project(found.project.id),
        mark=mark_of(found.project),
        environment=found.environment.name,
        is_protected=found.environment.is_protected,
        status=found.status,
        source=_(SOURCE_LABELS[found.source]),
        reason=stored_text(found.reason) if found.timed_out_at else found.reason,
        description=found.description,
        commit=found.commit_sha,
        ref=found.ref,
        ci_url=link_of(found.ci_url),
        log_url=link_of(found.log_url),
        environment_url=link_of(found.environment_url),
        who=found.who,
        face=face_of(found.who, found.who_id),
        freeze_reason=found.freeze_reason,
        undoes=routes.deployment(found.rollback_of_id) if found.rollback_of_id else "",
        took=took(found.started_at, found.finished_at),
    )


def timeline_of(found: DeploymentRead) -> list[Step]:
    """Each step with its time, oldest first."""
    ends = {"succeeded": _("Succeeded"), "failed": _("Failed"), "cancelled": _("Cancelled")}
    reporter = (found.who, found.who_id)
    decider = (found.decided_by.display_name, found.decided_by.id) if found.decided_by else _NOBODY
    is_refused = was_refused(found)
    asked = found.queued_at is None or found.decided_at is not None
    decision = (_("Refused"), "failed") if is_refused else (_("Approved"), "succeeded")
    moments: tuple[tuple[str, str, datetime | None, tuple[str, int | None]], ...] = (
        (_("Requested"), "pending_approval", found.created_at if asked else None, reporter),
        (*decision, found.decided_at, decider),
        (_("Queued"), "queued", found.queued_at, _NOBODY if asked else reporter),
        (_("Started"), "in_progress", found.started_at, _NOBODY),
        (ends.get(found.status, ""), found.status, None if is_refused else found.finished_at, _NOBODY),
    )
    steps: list[Step] = []
    earlier: datetime | None = None
    for label, status, at, who in moments:
        if at is not None:
            waited = took(earlier, at) if earlier and at - earlier >= SHOWN_FROM else ""
            tone, icon = _STARTED if status == "in_progress" and found.finished_at else LOOKS[status]
            face = face_of(*who)
            steps.append(Step(label=label, at=at.isoformat(), who=who[0], face=face, tone=tone, icon=icon, took=waited))
            earlier = at
    return steps
