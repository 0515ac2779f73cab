"""What the page of one deployment shows and does: its facts, its steps, and the acts that this viewer may do."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, TypedDict
from urllib.parse import urlsplit

import reflex as rx

from tca_app.core.actor import Actor
from tca_app.core.db import reading, transaction
from tca_app.core.errors import AppError, NotFound
from tca_app.features.deployments import decisions
from tca_app.features.deployments import service as deployments
from tca_app.features.deployments.policy import STEPS
from tca_app.features.deployments.schemas import (
    Approval,
    ChangesRead,
    DeploymentRead,
    DeploymentStep,
    Refusal,
    Rollback,
)
from tca_app.features.deployments.state import SOURCE_LABELS, DeploymentRow, row_of, took
from tca_app.features.projects import policy
from tca_app.features.projects import service as projects
from tca_app.ui import routes
from tca_app.ui.handlers import handler
from tca_app.ui.session import SessionState

# What can be asked for, and the state that a report of it leads to.
REPORTS = {"start": "in_progress", "succeed": "succeeded", "fail": "failed", "cancel": "cancelled"}
ACTIONS = (*REPORTS, "approve", "refuse", "rollback")


class Facts(TypedDict):
    """The deployment as the page shows it. Addresses are "" when there is none that may be linked."""

    id: int
    version: str
    project: str
    project_url: str
    environment: str
    is_protected: bool
    status: str
    source: str
    reason: str
    description: str
    commit: str
    ref: str
    ci_url: str
    who: str
    freeze_reason: str
    undoes: str
    took: str
    log_lines: int
    log_length: str


class Step(TypedDict):
    """A line of the timeline."""

    label: str
    at: str
    who: str


NOTHING = Facts(
    id=0,
    version="",
    project="",
    project_url="",
    environment="",
    is_protected=False,
    status="",
    source="",
    reason="",
    description="",
    commit="",
    ref="",
    ci_url="",
    who="",
    freeze_reason="",
    undoes="",
    took="",
    log_lines=0,
    log_length="",
)


class DeploymentState(SessionState):
    """The page `/deployments/[deployment_id]`."""

    phase: str = ""  # "" unknown yet, "ready", "missing", "failed"
    failure: str = ""
    deployment: Facts = NOTHING
    steps: list[Step] = []
    between: list[DeploymentRow] = []
    before: list[DeploymentRow] = []  # what ran there before; one or none
    compare_url: str = ""
    allowed: list[str] = []  # of ACTIONS; the service asks again
    asking: str = ""
    asking_error: str = ""
    is_acting: bool = False

    @rx.var
    def heading(self) -> str:
        known = self.deployment
        return f"{known['project']} {known['version']}" if known["id"] else "Deployment"

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        """Read the deployment that the URL names. What was shown of another one is gone before."""
        deployment_id = _shown(self.router_data)
        self._watch(DeploymentState.load, f"deployment:{deployment_id}")
        if deployment_id != self.deployment["id"]:
            self._forget("")
            yield
        actor = self._as_actor()
        try:
            async with reading() as session:
                found = await deployments.get_deployment(session, actor, deployment_id)
                changes = await deployments.read_changes(session, actor, deployment_id)
                project = await projects.get_project(session, actor, found.project.id)
        except NotFound:
            self._forget("missing")
            return
        except AppError as error:
            self._forget("failed")
            self.failure = error.detail
            return
        self._show_deployment(found, changes)
        self.allowed = _allowed(actor, found, project.my_role)

    def _forget(self, phase: str) -> None:
        self.phase, self.failure, self.deployment = phase, "", NOTHING
        self.steps, self.between, self.before, self.compare_url = [], [], [], ""
        self.allowed, self.asking, self.asking_error = [], "", ""

    def _show_deployment(self, found: DeploymentRead, changes: ChangesRead) -> None:
        self.deployment, self.steps = _facts(found), _timeline(found)
        self.between = [row_of(row) for row in changes.between]
        self.before = [row_of(changes.before)] if changes.before else []
        self.compare_url = changes.compare_url
        self.phase = "ready"

    @handler("signed_in")
    async def ask(self, action: str) -> None:
        """Open the confirmation of an act."""
        if action in self.allowed:
            self.asking, self.asking_error = action, ""

    @handler("signed_in")
    async def cancel_asking(self) -> None:
        if not self.is_acting:
            self.asking = ""

    @handler("signed_in")
    async def confirm(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Do what was asked for. A refusal stands in the dialog, which stays open."""
        action = self.asking
        if not action or self.is_acting:
            return
        self.is_acting, self.asking_error = True, ""
        yield
        try:
            done = await self._act(action, self._as_actor(), form.get("reason", "").strip())
        except AppError as error:
            self.asking_error = next(iter(error.field_details.values()), error.detail)
            return
        except ValueError:
            self.asking_error = "Say why, in one line of at most 500 characters."
            return
        finally:
            self.is_acting = False
        self.asking = ""
        yield rx.redirect(routes.deployment(done.id)) if action == "rollback" else DeploymentState.load

    async def _act(self, action: str, actor: Actor, reason: str) -> DeploymentRead:
        deployment_id = self.deployment["id"]
        async with transaction() as session:
            if action == "approve":
                return await decisions.approve_deployment(session, actor, deployment_id, Approval(freeze_reason=reason))
            if action == "refuse":
                return await decisions.refuse_deployment(session, actor, deployment_id, Refusal(reason=reason))
            if action == "rollback":
                asked = Rollback(description=reason)
                return await decisions.roll_back(session, actor, deployment_id, asked, source="ui")
            step = DeploymentStep(status=REPORTS[action], reason=reason)
            return await deployments.step_deployment(session, actor, deployment_id, step)


def _shown(router_data: dict[str, Any]) -> int:
    """The id in the address, 0 when there is none: the address may be typed by hand."""
    text = urlsplit(str(router_data.get("asPath", ""))).path.rstrip("/").removeprefix(f"{routes.DEPLOYMENTS}/")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _allowed(actor: Actor, found: DeploymentRead, role: str | None) -> list[str]:
    """What this viewer may do to it now."""
    allowed: list[str] = []
    if policy.may(actor, "deployments.write", role):
        next_states = STEPS.get(found.status, frozenset())
        allowed += [action for action, status in REPORTS.items() if status in next_states]
        allowed += ["rollback"] if found.status in ("succeeded", "failed") else []
    if found.status == "pending_approval" and policy.may(actor, "deployments.decide", role):
        allowed += ["approve", "refuse"]
    return allowed


def _facts(found: DeploymentRead) -> Facts:
    return Facts(
        id=found.id,
        version=found.version,
        project=found.project.name,
        project_url=routes.project(found.project.id),
        environment=found.environment.name,
        is_protected=found.environment.is_protected,
        status=found.status,
        source=SOURCE_LABELS[found.source],
        reason=found.reason,
        description=found.description,
        commit=found.commit_sha,
        ref=found.ref,
        # The rule of the field says so too; a link must not depend on what some script stored.
        ci_url=found.ci_url if found.ci_url.startswith(("https://", "http://")) else "",
        who=found.who,
        freeze_reason=found.freeze_reason,
        undoes=routes.deployment(found.rollback_of_id) if found.rollback_of_id else "",
        took=took(found.started_at, found.finished_at),
        log_lines=found.log_lines,
        log_length=f"{found.log_lines:,} lines",
    )


def _timeline(found: DeploymentRead) -> list[Step]:
    """Each step with its time, oldest first."""
    ends = {"succeeded": "Succeeded", "failed": "Failed", "cancelled": "Cancelled"}
    decider = found.decided_by.display_name if found.decided_by else ""
    was_refused = found.status == "cancelled" and found.decided_at is not None and found.queued_at is None
    asked = found.queued_at is None or found.decided_at is not None
    moments: tuple[tuple[str, datetime | None, str], ...] = (
        ("Asked for", found.created_at if asked else None, found.who),
        ("Refused" if was_refused else "Approved", found.decided_at, decider),
        ("Queued", found.queued_at, "" if asked else found.who),
        ("Started", found.started_at, ""),
        (ends.get(found.status, ""), None if was_refused else found.finished_at, ""),
    )
    return [Step(label=label, at=at.isoformat(), who=who) for label, at, who in moments if at is not None]
