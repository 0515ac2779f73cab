"""`tca deploy`: reports a deployment, waits until it may start, runs the command and reports the result.

The console records deployments. When it is unreachable at the start, the command runs all the same unless the console
is required; a deployment that the console refused, or that waits for its approval, never runs.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tca_client import calls
from tca_client.client import MAX_WAIT_S, Client
from tca_client.command.log import Log
from tca_client.command.masks import Masks
from tca_client.command.output import TimedOut, line_of, say, warn
from tca_client.command.process import Stopped, Stops, run, signal_name
from tca_client.errors import Conflict, TcaError, Unreachable
from tca_client.generated.models import DeploymentCreate, DeploymentRead

Result = Literal["succeeded", "failed", "cancelled"]
PAUSE_S = 10.0
LOG_S = 30.0  # how long the rest of the log may take after the command
LAST_CALL_S = 5.0  # a job that is cancelled is killed seconds later
NEVER_STARTED = "Stopped before it started"
WAITING = frozenset({"awaiting_approval", "environment_busy"})


@dataclass(frozen=True)
class Job:
    """What is run, and how patient it is."""

    command: Sequence[str]
    environment: Mapping[str, str]
    wait_s: float
    is_required: bool
    masked: Sequence[str] = ()


@dataclass(frozen=True)
class Ended:
    """How the command ended."""

    exit_code: int
    result: Result
    reason: str
    started_at: datetime
    finished_at: datetime


def deploy(client: Client, project: str, body: DeploymentCreate, job: Job) -> int:
    """Report a new deployment and carry it out. Returns the exit code of the command."""
    log, stops = Log(Masks(job.environment, job.masked)), Stops()
    with stops.handled(), _cancelled_when_stopped(client, lambda: _cancel_new(client, project, body)):
        try:
            deployment = _create(client, project, body, _Deadline(job.wait_s))
        except Unreachable as lost:
            if job.is_required:
                raise
            warn(f"{line_of(lost)} The deployment goes on and is reported afterwards, if possible.")
            ended = _run(job, {"TCA_PROJECT": project} | _named(body), stops, log)
            _report_afterwards(client, project, body, ended, log)
            return ended.exit_code
        return carry_out(client, deployment, job, log, stops)


def carry_out_existing(client: Client, deployment: DeploymentRead, job: Job) -> int:
    """Carry out a deployment that somebody else requested, such as a rollback. Only one job can."""
    log, stops = Log(Masks(job.environment, job.masked)), Stops()
    with stops.handled(), _cancelled_when_stopped(client, lambda: _cancel(client, deployment["id"])):
        return carry_out(client, deployment, job, log, stops)


def carry_out(client: Client, deployment: DeploymentRead, job: Job, log: Log, stops: Stops) -> int:
    number, environment = deployment["id"], deployment["environment"]["name"]
    say(f"Deployment {number}: {deployment['version']} to {environment}, {client.url}/deployments/{number}")
    _start(client, deployment, job)
    log.start(client, number, deployment["log_lines"] + 1)
    names = {"TCA_PROJECT": deployment["project"]["slug"], "TCA_ENVIRONMENT": environment}
    names |= {"TCA_VERSION": deployment["version"], "TCA_DEPLOYMENT": str(number)}
    ended = _run(job, names, stops, log)
    if stops.received is not None:
        client.patience_s = LAST_CALL_S
    log.close(LAST_CALL_S if stops.received is not None else LOG_S)
    if log.problem:
        warn(f"The log is incomplete: {log.problem}")
    try:
        report_result(client, number, ended.result, ended.reason)
        say(f"Deployment {number} {ended.result}{f': {ended.reason}' if ended.reason else ''}")
    except TcaError as refused:
        warn(f"The result was not recorded: {line_of(refused)}")
    return ended.exit_code


class _Deadline:
    """The time that is left to wait in."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._said = ""

    @property
    def left_s(self) -> float:
        return self._end - time.monotonic()

    def require(self, reason: str) -> None:
        """Say once what is waited for. Raises TimedOut."""
        if self.left_s <= 0:
            raise TimedOut(f"{reason} It did not start within the time to wait.")
        if reason != self._said:
            say(f"{reason} Waiting.")
            self._said = reason

    def pause(self) -> None:
        calls.sleep(max(0.0, min(PAUSE_S, self.left_s)))


def _create(client: Client, project: str, body: DeploymentCreate, deadline: _Deadline) -> DeploymentRead:
    """Report the deployment, after the freeze window if there is one. Raises Unreachable unless one was seen."""
    is_frozen = False
    while True:
        try:
            return client.create_deployment(project, body)
        except Unreachable as lost:
            if not is_frozen:
                raise
            reason = line_of(lost)
        except Conflict as refused:
            if refused.code != "environment_frozen":
                raise
            is_frozen, reason = True, line_of(refused)
        deadline.require(reason)
        deadline.pause()


def _start(client: Client, deployment: DeploymentRead, job: Job) -> None:
    """Report the start as soon as it is possible. Raises Conflict when it never will be, TimedOut."""
    deadline, has_waited = _Deadline(job.wait_s), deployment["status"] != "queued"
    while True:
        try:
            client.step_deployment(deployment["id"], {"status": "in_progress"})
        except Unreachable as lost:
            if not (job.is_required or has_waited):
                warn(f"{line_of(lost)} The deployment goes on.")
                return
            _require_time(client, deployment, deadline, line_of(lost))
            deadline.pause()
        except Conflict as refused:
            if refused.code == "already_in_progress" and refused.attempts > 1:
                return  # the response to the first attempt was lost
            if refused.code not in WAITING:
                raise
            has_waited = True
            is_asked = refused.code == "awaiting_approval"
            reason = "This deployment awaits approval." if is_asked else line_of(refused)
            _require_time(client, deployment, deadline, reason)
            _wait(client, deployment, refused.code, deadline)
        else:
            return


def _require_time(client: Client, deployment: DeploymentRead, deadline: _Deadline, reason: str) -> None:
    try:
        deadline.require(reason)
    except TimedOut:
        with contextlib.suppress(TcaError):
            report_result(client, deployment["id"], "cancelled", "It did not start within the time to wait")
        raise


def _wait(client: Client, deployment: DeploymentRead, code: str, deadline: _Deadline) -> None:
    """Return when the state may be another one."""
    if code != "awaiting_approval":
        deadline.pause()
        return
    try:
        wait_s = max(1, min(MAX_WAIT_S, int(deadline.left_s)))
        client.wait_for_change({**deployment, "status": "pending_approval"}, wait_s)
    except Unreachable:
        deadline.pause()


def _run(job: Job, names: Mapping[str, str], stops: Stops, log: Log) -> Ended:
    started_at = datetime.now(UTC)
    exit_code, reason = run(job.command, {**job.environment, **names}, stops, log.add)
    result: Result = "succeeded" if exit_code == 0 else "failed"
    if exit_code and stops.received is not None:
        result, reason = "cancelled", f"Stopped by {signal_name(stops.received)}"
    return Ended(exit_code, result, reason, started_at, datetime.now(UTC))


def _named(body: DeploymentCreate) -> dict[str, str]:
    return {"TCA_ENVIRONMENT": body["environment"], "TCA_VERSION": body["version"], "TCA_DEPLOYMENT": ""}


def _report_afterwards(client: Client, project: str, body: DeploymentCreate, ended: Ended, log: Log) -> None:
    """Report what ran while the console was unreachable, in one call with its own times."""
    times = {"started_at": ended.started_at.isoformat(), "finished_at": ended.finished_at.isoformat()}
    whole: DeploymentCreate = {**body, **times, "status": ended.result, "reason": ended.reason}  # type: ignore[typeddict-item]
    try:
        deployment = client.create_deployment(project, whole)
        if deployment["status"] in ("queued", "in_progress"):  # the first report did arrive, and its response did not
            report_result(client, deployment["id"], ended.result, ended.reason)
        log.start(client, deployment["id"], deployment["log_lines"] + 1)
        log.close(LOG_S)
        say(f"Deployment {deployment['id']} reported: {client.url}/deployments/{deployment['id']}")
    except TcaError as error:
        warn(f"The deployment was not recorded: {line_of(error)}")


def report_result(client: Client, deployment_id: int, result: Result, reason: str) -> None:
    """Report the result, and the start before it if that was lost."""
    try:
        client.step_deployment(deployment_id, {"status": result, "reason": reason})
    except Conflict as refused:
        if refused.code == "illegal_step":
            client.step_deployment(deployment_id, {"status": "in_progress"})
            client.step_deployment(deployment_id, {"status": result, "reason": reason})
        elif refused.attempts == 1:  # otherwise the response to an earlier attempt was lost
            raise


@contextlib.contextmanager
def _cancelled_when_stopped(client: Client, cancel: Callable[[], None]) -> Iterator[None]:
    """Report a deployment as cancelled when a signal ended the wait for it."""
    try:
        yield
    except Stopped as stopped:
        client.patience_s = LAST_CALL_S
        with contextlib.suppress(TcaError):
            cancel()
        say(f"Cancelled: {stopped}")
        raise


def _cancel_new(client: Client, project: str, body: DeploymentCreate) -> None:
    """Cancel a deployment whose number is not known yet: the response to its report may have been on its way."""
    external_id = body.get("external_id")
    if external_id:
        client.step_by_external_id(project, external_id, {"status": "cancelled", "reason": NEVER_STARTED})


def _cancel(client: Client, deployment_id: int) -> None:
    client.step_deployment(deployment_id, {"status": "cancelled", "reason": NEVER_STARTED})
