"""State of the page of one deployment: its fields, its timeline, and the actions that the viewer may do."""

from collections.abc import AsyncGenerator
from typing import Any

import reflex as rx
from pydantic import ValidationError

from tca_app.core.actor import Actor
from tca_app.core.database.session import reading, transaction
from tca_app.core.errors import AppError, NotFound
from tca_app.core.language.messages import _
from tca_app.features.deployments import approvals, service as deployments
from tca_app.features.deployments.commits.service import read_commits
from tca_app.features.deployments.commits.ui.parts import CommitRow, rows_of, title_of
from tca_app.features.deployments.compare import is_same_commit
from tca_app.features.deployments.errors import Frozen
from tca_app.features.deployments.policy import may_decide, may_override_freeze, next_states
from tca_app.features.deployments.schemas import (
    Approval,
    ChangesRead,
    DeploymentRead,
    DeploymentStep,
    Refusal,
    Rollback,
)
from tca_app.features.deployments.ui.detail_rows import (
    NO_PLAN,
    NOTHING,
    Facts,
    Plan,
    Step,
    facts_of,
    plan_of,
    timeline_of,
)
from tca_app.features.deployments.ui.freeze_notice import NO_FREEZE, Freeze, freeze_of
from tca_app.features.deployments.ui.state import DeploymentRow, row_of
from tca_app.features.environments import freezes
from tca_app.features.projects import policy, service as projects
from tca_app.ui import routes
from tca_app.ui.forms.state import CLOSED, SAVED, draft_of, faults_of
from tca_app.ui.handlers import Events, handler
from tca_app.ui.record import RecordState
from tca_app.ui.session import SessionState
from tca_app.ui.url import record_id
from tca_app.ui.zone import zone_of

# The actions, and the state that each of them reports.
REPORTS = {"start": "in_progress", "succeed": "succeeded", "fail": "failed", "cancel": "cancelled"}
ACTIONS = (*REPORTS, "approve", "refuse", "rollback")
NEW = ("approve", "rollback")  # actions that a freeze blocks
NO_REASONS = {"reason": "", "freeze_reason": ""}  # the fields of a confirmation when it opens


class DeploymentState(RecordState, SessionState):
    """State of `/deployments/[deployment_id]`."""

    phase: str = ""  # "" not known yet, "ready", "missing", "failed"
    failure: str = ""
    deployment: Facts = NOTHING
    steps: list[Step] = []
    between: list[DeploymentRow] = []
    before: list[DeploymentRow] = []  # the previous deployment; one or none
    commits: list[CommitRow] = []
    commits_title: str = ""
    compare_url: str = ""
    no_compare: str = ""  # why there is no comparison of the two commits
    allowed: list[str] = []  # actions that the viewer may do; the service checks again
    asking: str = ""
    asking_error: str = ""
    asking_errors: dict[str, str] = NO_REASONS  # by field
    freeze: Freeze = NO_FREEZE  # the freeze of the environment, while an action of NEW is confirmed
    may_override_freeze: bool = False
    rollback_to: str = ""  # the version that a rollback would restore, while it is offered
    plan: Plan = NO_PLAN  # the plan of the rollback to confirm
    is_acting: bool = False
    question_ended: str = ""  # like `form_ended` of a FormState

    @rx.var
    def question_draft(self) -> str:
        """The key of the draft in which the browser keeps the typed reason."""
        if not self.asking:
            return ""
        return draft_of("deployment", self.asking, self.deployment["id"], self._question_key(), dict(NO_REASONS))

    @rx.var
    def heading(self) -> str:
        known = self.deployment
        if known["id"]:
            return f"{known['project']} {known['version']}"
        return _("Page not found") if self.phase == "missing" else _("Deployment")

    @handler("signed_in", supersedes=True)
    async def load(self) -> AsyncGenerator[Any, None]:
        """Loads the deployment that the URL names, after it cleared the previous one."""
        deployment_id = record_id(self.router_data, routes.DEPLOYMENTS)
        self._watch(DeploymentState.load, f"deployment:{deployment_id}")
        if self._enter_record():
            self._forget("")
            yield
        actor = self._as_actor()
        try:
            async with reading() as session:
                found = await deployments.get_deployment(session, actor, deployment_id)
                changes = await deployments.read_changes(session, actor, deployment_id)
                commits = await read_commits(session, actor, deployment_id)
                project = await projects.get_project(session, actor, found.project.id)
                earlier = await approvals.offered_rollback(session, actor, deployment_id)
        except NotFound:
            self._forget("missing")
            return
        except AppError as error:
            self._forget("failed")
            self.failure = error.detail
            return
        self._show_deployment(found, changes)
        self.commits, self.commits_title = rows_of(commits), title_of(commits)
        self.rollback_to = earlier.version if earlier else ""
        self.allowed = [*_allowed(actor, found, project.my_role), *(["rollback"] if earlier else [])]

    def _forget(self, phase: str) -> None:
        self.phase, self.failure, self.deployment = phase, "", NOTHING
        self.steps, self.between, self.before, self.compare_url = [], [], [], ""
        self.commits, self.commits_title = [], ""
        self.allowed, self.asking, self.asking_error, self.rollback_to = [], "", "", ""

    def _show_deployment(self, found: DeploymentRead, changes: ChangesRead) -> None:
        self.deployment, self.steps = facts_of(found), timeline_of(found)
        self.between = [row_of(row) for row in changes.between]
        self.before = [row_of(changes.before)] if changes.before else []
        self.compare_url, self.no_compare = changes.compare_url, _why_no_compare(found, changes)
        self.phase = "ready"

    @handler("signed_in")
    async def ask(self, deployment_id: int, action: str) -> None:
        """Opens the confirmation of an action on the deployment that the page shows."""
        self._require_record(deployment_id, self.deployment["id"])
        if action not in self.allowed:
            return
        self.freeze = await self._read_freeze() if action in NEW else NO_FREEZE
        if action == "rollback":
            async with reading() as session:
                plan = await approvals.plan_rollback(session, self._as_actor(), deployment_id)
            self.plan = plan_of(plan, self.deployment["version"])
        self.asking, self.asking_error, self.question_ended = action, "", ""
        self.asking_errors = dict(NO_REASONS)
        self._note_dialog("asking")

    def _question_key(self) -> str:
        return f"{self.deployment['id']}-{self.asking}"

    @handler("signed_in")
    async def resume_question(self, draft: dict[str, str]) -> Events:
        """Reopens the confirmation that was open before the page was lost. The browser restores the reason."""
        return None if self.asking else DeploymentState.ask(self.deployment["id"], draft.get("mode", ""))

    async def _read_freeze(self) -> Freeze:
        actor = self._as_actor()
        self.may_override_freeze = may_override_freeze(actor)
        async with reading() as session:
            found = await deployments.get_deployment(session, actor, self.deployment["id"])
            holding = await freezes.list_holding(session, actor, found.project.id)
        return freeze_of(holding, found.environment.id, zone_of(self.router_data))

    @handler("signed_in")
    async def cancel_asking(self) -> None:
        if not self.is_acting:
            self.question_ended = f"{CLOSED} {self._question_key()}"
            self.asking = ""

    @handler("signed_in")
    async def confirm(self, form: dict[str, str]) -> AsyncGenerator[Any, None]:
        """Runs the confirmed action. On a refusal the dialog stays open and shows it."""
        action = self.asking
        if not action or self.is_acting:
            return
        self._require_url()
        self.is_acting, self.asking_error, self.asking_errors = True, "", dict(NO_REASONS)
        yield
        try:
            done = await self._act(action, form.get("reason", "").strip(), form.get("freeze_reason", ""))
        except AppError as error:
            if isinstance(error, Frozen):  # it may have changed since the dialog was opened
                self.freeze = await self._read_freeze()
            self._show_refusal(error.field_details, error.detail)
            return
        except ValidationError as error:
            self._show_refusal(faults_of(error), "")
            return
        finally:
            self.is_acting = False
        self.question_ended = f"{SAVED} {self._question_key()}"
        self.asking = ""
        yield rx.redirect(routes.deployment(done.id)) if action == "rollback" else DeploymentState.load

    def _show_refusal(self, errors: dict[str, str], detail: str) -> None:
        """Shows an error at its field, and one that belongs to none above. A rollback has its reason as description."""
        named = {"reason" if name == "description" else name: text for name, text in errors.items()}
        self.asking_errors = NO_REASONS | {name: text for name, text in named.items() if name in NO_REASONS}
        if not any(self.asking_errors.values()):
            self.asking_error = next(iter(named.values()), detail)

    async def _act(self, action: str, reason: str, freeze_reason: str) -> DeploymentRead:
        actor, deployment_id = self._as_actor(), self.deployment["id"]
        async with transaction() as session:
            if action == "approve":
                approval = Approval(freeze_reason=freeze_reason)
                return await approvals.approve_deployment(session, actor, deployment_id, approval)
            if action == "refuse":
                return await approvals.refuse_deployment(session, actor, deployment_id, Refusal(reason=reason))
            if action == "rollback":
                asked = Rollback(to_id=self.plan["to_id"], description=reason, freeze_reason=freeze_reason)
                return await approvals.roll_back(session, actor, deployment_id, asked, source="ui")
            step = DeploymentStep.model_validate({"status": REPORTS[action], "reason": reason})
            return await deployments.step_deployment(session, actor, deployment_id, step)


def _why_no_compare(found: DeploymentRead, changes: ChangesRead) -> str:
    if changes.before is None or changes.compare_url:
        return ""
    if is_same_commit(changes.before.commit_sha, found.commit_sha):
        return _("Same commit as the previous deployment.")
    if not changes.before.commit_sha or not found.commit_sha:
        return _("No comparison: a commit is unknown.")
    return _("Add a repository URL to compare commits.")


def _allowed(actor: Actor, found: DeploymentRead, role: str | None) -> list[str]:
    """Returns the actions that the viewer may do now."""
    allowed: list[str] = []
    if policy.may(actor, "deployments.write", role):
        # A person may correct a timeout; the other reports that are possible after it are for sources.
        reachable = next_states(found) if found.timed_out_at is None else {"succeeded"}
        allowed += [action for action, status in REPORTS.items() if status in reachable]
    if may_decide(actor, found, role):
        allowed += ["approve", "refuse"]
    return allowed
